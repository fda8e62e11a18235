"""An image's size is the one OpenCV decodes it to, and what it cannot decode is refused."""

from __future__ import annotations

import contextlib
import io

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets import DataError
from datasets.pictures import decoded, size_of

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def encoded(kind, mode="RGB", **options):
    stream = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def size(tmp_path, content):
    path = tmp_path / "picture"
    path.write_bytes(content)
    return size_of(content, path, "here")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_image_is_as_large_as_it_is_decoded_whatever_way_it_was_held(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(kind, exif=exif)
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert size(tmp_path, content) == decoded.shape[1::-1]
    assert size(tmp_path, content) == ((24, 32) if orientation > 4 else (32, 24))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "L"), ("PNG", "1"), ("PNG", "P"), ("PNG", "RGBA"), ("PNG", "I;16"), ("JPEG", "L"), ("JPEG", "CMYK")]
    + [("BMP", "RGB"), ("PPM", "RGB"), ("TIFF", "RGB")],
)
def test_every_mode_that_opencv_decodes_is_taken(tmp_path, kind, mode):
    if mode == "I;16":
        stream = io.BytesIO()
        Image.fromarray(PIXELS[..., 0].astype(np.uint16)).save(stream, kind)
        content = stream.getvalue()
    else:
        content = encoded(kind, mode)
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert size(tmp_path, content) == decoded.shape[1::-1] == (32, 24)


@pytest.mark.parametrize(
    ("mode", "bare", "taken"),
    [("RGB", False, True), ("L", False, True), ("RGB", True, True)]
    + [("CMYK", False, False), ("L", True, False), ("LA", True, False)],
)
def test_a_jpeg_2000_is_taken_when_opencv_decodes_it(tmp_path, mode, bare, taken):
    content = encoded("JPEG2000", mode, no_jp2=bare)
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert (decoded is not None) == taken
    if taken:
        assert size(tmp_path, content) == (32, 24)
    else:
        with pytest.raises(DataError, match="'picture' is JPEG 2000 in colours that OpenCV does not decode"):
            size(tmp_path, content)


@pytest.mark.parametrize("content", [encoded("PCX"), b"", b"no picture"], ids=["PCX", "empty", "text"])
def test_what_opencv_does_not_decode_is_refused_before_pillow_looks_for_help(tmp_path, monkeypatch, content):
    monkeypatch.setattr(Image, "open", lambda file: pytest.fail("Pillow was asked"))
    with pytest.raises(DataError, match="'picture' cannot be read as an image by OpenCV"):
        size(tmp_path, content)


def test_a_plug_in_that_is_not_there_is_the_one_error(tmp_path, monkeypatch):
    def without_plug_in(file):  # what Ultralytics puts in the place of PIL.Image.open
        raise ModuleNotFoundError("No module named 'pi_heif'")

    monkeypatch.setattr(Image, "open", without_plug_in)
    with pytest.raises(DataError, match="'picture' cannot be read as an image"):
        size(tmp_path, encoded("PNG"))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "BMP", "TIFF"]), st.floats(0, 0.98))
def test_a_file_cut_off_anywhere_is_refused(tmp_path, kind, share):
    content = encoded(kind)
    with pytest.raises(DataError, match="cannot be read as an image"):
        size(tmp_path, content[: int(share * len(content))])


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_hangs_on_behind_an_image_is_no_harm(tmp_path, kind):
    film = b"\xff\xda IDAT a telephone's moving picture"
    assert size(tmp_path, encoded(kind) + film) == (32, 24)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"]),
    st.integers(0, 400),
    st.binary(min_size=1, max_size=8),
)
def test_any_damage_gives_a_size_or_the_one_error(tmp_path, kind, place, damage):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(kind, **({"exif": exif} if kind not in ("BMP", "GIF") else {}))
    with contextlib.suppress(DataError):
        assert min(size(tmp_path, content[:place] + damage + content[place + len(damage) :])) > 0


def test_an_image_too_large_to_decode_safely_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32 * 24 - 1)
    with pytest.raises(DataError, match="'picture' has over 767 pixels"):
        size(tmp_path, encoded("PNG"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32 * 24)
    assert size(tmp_path, encoded("PNG")) == (32, 24)


XMP = (
    b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def turned(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".jpg", {"xmp": XMP}),
        (".jpg", {"xmp": XMP, "exif": turned(3)}),
        (".webp", {"xmp": XMP}),
        (".png", {"exif": turned(6)}),
        (".jpg", {"exif": turned(6)}),
        (".tif", {"exif": turned(6)}),
        (".avif", {"exif": turned(6)}),
        (".avif", {"exif": turned(1)}),
        (".avif", {"xmp": XMP}),
    ],
)
def test_the_size_is_that_of_what_training_decodes_and_of_what_is_drawn(tmp_path, suffix, options):
    import bench.detector  # noqa: F401, I001  # quietens Ultralytics
    from ultralytics.utils.patches import imread

    path = tmp_path / f"picture{suffix}"
    Image.fromarray(PIXELS).save(path, **options)
    trained_on = imread(str(path))
    assert size_of(path.read_bytes(), path, "here") == trained_on.shape[1::-1]
    assert np.array_equal(decoded(path), trained_on)


@pytest.mark.parametrize("pixels", [np.float32, np.int32])
@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_pixels_that_are_no_picture_are_refused(tmp_path, pixels, suffix):
    path = tmp_path / f"depth{suffix}"
    path.write_bytes(encoded_numbers(PIXELS[..., 0].astype(pixels)))
    with pytest.raises(DataError, match=r"'depth.*' has pixels of over 16 bits, .* save it in 8"):
        size_of(path.read_bytes(), path, "here")
    assert decoded(path) is None


def encoded_numbers(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "TIFF")
    return stream.getvalue()


@pytest.mark.parametrize("suffix", [".tif", ".png", ".pgm"])
def test_pictures_of_16_bits_are_taken(tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    cv2.imwrite(str(path), PIXELS[..., 0].astype(np.uint16) * 256)
    assert size_of(path.read_bytes(), path, "here") == (32, 24)


def test_what_is_gone_is_not_drawn(tmp_path):
    assert decoded(tmp_path / "gone.png") is None
    assert decoded(tmp_path / "gone.avif") is None
