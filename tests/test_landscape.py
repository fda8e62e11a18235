"""The probe against figures worked out by hand, and its verdicts against made-up figures."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch

from bench.errors import UserError
from bench.landscape import (
    GRID,
    LOSSES,
    Agreement,
    Convexity,
    Landscape,
    Place,
    Reading,
    _box_is_flat,
    _full_image,
    _gradients_agree,
    _l2_is_kind,
    _l2_is_louder,
    _l2_is_steep,
    probe,
)


@pytest.fixture(scope="module")
def upright() -> Landscape:
    """A target of half the image's side, level."""
    return probe(area=0.25, tilt=0.0, pairs=400)


@pytest.fixture(scope="module")
def tilted() -> Landscape:
    return probe()


def test_full_image_golden(upright):
    """Side 6 in a box of side 12: d = 18 at each vertex, A = 36; half overlaps on every axis."""
    readings = upright.full_image.readings
    assert list(readings) == list(LOSSES)
    assert upright.full_image.iou == pytest.approx(0.25)
    assert readings["l2"].loss == pytest.approx(1 - math.exp(-0.5))
    assert readings["l2"].per_vertex_grid == pytest.approx(2 * math.sqrt(18) * math.exp(-0.5) / 36 / 4)
    assert readings["squared"].loss == pytest.approx(18)
    assert readings["squared"].per_vertex_grid == pytest.approx(2 * math.sqrt(18) / 4)
    assert readings["mgiou-paper"].loss == pytest.approx(0.25)
    assert readings["mgiou-paper"].per_vertex_grid == pytest.approx(math.sqrt(2) / 32 / 6)
    assert readings["mgiou-centred"].norms == (0, 0, 0, 0)
    assert readings["mgiou-centred"].loss == 0


def test_units(tilted):
    for place in (tilted.full_image, *tilted.path, *tilted.outside):
        for reading in place.readings.values():
            assert reading.per_vertex_image == pytest.approx(GRID * reading.per_vertex_grid)
            assert reading.total_image == pytest.approx(GRID * reading.total_grid)
            assert reading.per_vertex_grid <= reading.total_grid


def test_path_runs_from_the_box_to_the_target(tilted):
    assert tilted.full_image.iou == pytest.approx(0.62)
    assert tilted.path[0] == tilted.full_image
    assert (tilted.path[0].at, tilted.path[-1].at) == (0, 1)
    assert tilted.path[-1].iou == pytest.approx(1)
    for name in LOSSES:
        along = [place.readings[name].loss for place in tilted.path]
        assert along == sorted(along, reverse=True)
        assert along[-1] == pytest.approx(0, abs=1e-12)
        assert tilted.path[-1].readings[name].total_image == pytest.approx(0, abs=1e-12)


def test_outside_golden(upright):
    """One image side away, d = 144 and A = 36; on the x axes the gap is 6 of 18, on the y axes all overlaps."""
    place = upright.outside[1]
    assert (place.at, place.iou) == (1, 0)
    assert place.readings["l2"].loss == pytest.approx(1 - math.exp(-4))
    assert place.readings["squared"].loss == pytest.approx(144)
    assert place.readings["mgiou-paper"].loss == pytest.approx((1 - (1 - 1 / 3) / 2) / 2)
    for place in upright.outside:
        assert place.readings["mgiou-centred"].loss == pytest.approx(0, abs=1e-12)
        assert place.readings["mgiou-centred"].total_image == pytest.approx(0, abs=1e-12)


def test_far_outside_only_l2_goes_silent(upright):
    far = upright.outside[-1].readings
    assert far["l2"].total_image == 0
    assert far["mgiou-paper"].total_image > 1e-3


def test_shapes(tilted):
    """The squared distance is a paraboloid, 2/V steep; L2 bends down far out, yet leads to the target from anywhere."""
    assert tilted.convexity["squared"].violations == 0
    assert tilted.convexity["squared"].bent_down == 0
    assert tilted.convexity["squared"].least_eigenvalue == pytest.approx(0.5, abs=1e-6)
    assert tilted.convexity["squared"].downhill == tilted.convexity["l2"].downhill == 1
    assert tilted.convexity["l2"].violations > 0
    assert tilted.convexity["l2"].bent_down > 0
    assert tilted.convexity["mgiou-centred"].downhill < tilted.convexity["mgiou-paper"].downhill


def test_only_the_centred_form_stays_at_the_full_image_box(upright):
    assert upright.descent["mgiou-centred"] == pytest.approx(0.25)
    for name in ("l2", "squared", "mgiou-paper"):
        assert upright.descent[name] > 0.95


def test_agreement_counts_every_pair_once(tilted):
    for rows in tilted.agreement.values():
        assert sum(row.pairs for row in rows) == tilted.pairs
        assert all(row.pairs >= 30 for row in rows)
        for row in rows:
            assert -1 <= row.low_decile <= row.median <= row.high_decile <= 1
            assert row.ratio > 0


def test_gradients_agree_more_with_the_paper_form(tilted):
    for paper, centred in zip(tilted.agreement["paper"], tilted.agreement["centred"], strict=True):
        assert paper.median > centred.median


@pytest.mark.parametrize("vertices", [4, 5, 8, 16])
def test_full_image_ring(vertices):
    ring = _full_image(vertices)
    assert ring.shape == (vertices, 2)
    corners = {(0.0, 0.0), (GRID, 0.0), (GRID, GRID), (0.0, GRID)}
    assert corners <= {tuple(point) for point in ring.tolist()}
    assert len({tuple(point) for point in ring.tolist()}) == vertices
    twice_area = (ring[:, 0] * ring.roll(-1, 0)[:, 1] - ring[:, 1] * ring.roll(-1, 0)[:, 0]).sum()
    assert twice_area.item() == pytest.approx(2 * GRID**2)  # clockwise on screen, where y runs down


def test_more_vertices_change_no_shape():
    four, eight = (probe(vertices=vertices, pairs=100).full_image for vertices in (4, 8))
    assert eight.iou == pytest.approx(four.iou)
    assert eight.readings["mgiou-paper"].loss == pytest.approx(four.readings["mgiou-paper"].loss)


def test_the_seed_fixes_everything():
    state = torch.random.get_rng_state()
    one, again, other = (probe(pairs=100, seed=seed).to_dict() for seed in (1, 1, 2))
    assert one == again
    assert one["agreement"] != other["agreement"]
    assert torch.equal(torch.random.get_rng_state(), state)


def test_json_holds_no_nan_where_a_bin_is_empty(tilted):
    empty = Agreement(0.0, 0.25, 0, *[math.nan] * 5)
    changed = dataclasses.replace(tilted, agreement={"paper": [empty], "centred": tilted.agreement["centred"]})
    data = json.loads(json.dumps(changed.to_dict(), allow_nan=False))
    assert data["agreement"]["paper"][0]["median"] is None
    assert data["full_image"]["readings"]["l2"]["loss"] == tilted.full_image.readings["l2"].loss
    assert [verdict["verdict"] for verdict in data["verdicts"]] == [verdict.verdict for verdict in tilted.verdicts]
    assert "nan" not in str(changed.tables())


def test_tables_are_rectangular_and_show_what_was_measured(tilted):
    places, shapes, agreements, verdicts = tilted.tables()
    for table in (places, shapes, agreements, verdicts):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.headers)}
    loss = tilted.full_image.readings["mgiou-paper"].loss
    assert ("full-image box", "0.62", "mgiou-paper", f"{loss:.4g}") in {row[:4] for row in places.rows}
    assert [row[0] for row in shapes.rows] == list(LOSSES)
    assert [row[0] for row in verdicts.rows] == [verdict.verdict for verdict in tilted.verdicts]


def test_plot_writes_a_png(tilted, tmp_path):
    path = tmp_path / "new" / "landscape.png"
    tilted.plot(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in path.parent.iterdir()] == ["landscape.png"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"area": 0.9}, "up to 0.72"),
        ({"area": 0.0}, "area=0"),
        ({"area": math.nan}, "area=nan"),
        ({"tilt": 0.8}, "π/4"),
        ({"tilt": math.nan}, "π/4"),
        ({"vertices": 3}, "four corners"),
        ({"vertices": 17}, "16"),
        ({"pairs": 10}, "at least 100"),
    ],
)
def test_misuse_is_told_in_one_line(arguments, told):
    with pytest.raises(UserError, match=told) as error:
        probe(**arguments)
    assert "\n" not in str(error.value)


# Verdicts: what made-up figures give.


def reading(loss: float = 0.0, norm: float = 0.0) -> Reading:
    return Reading(loss, norm, GRID * norm, norm, GRID * norm)


def place(at: float = 0.0, **readings: Reading) -> Place:
    return Place(at, 0.0, {name.replace("_", "-"): one for name, one in readings.items()})


def agreement(median: float = 0.0, ratio: float = 1.0) -> list[Agreement]:
    empty = Agreement(0.0, 0.0, 0, *[math.nan] * 5)
    return [empty, Agreement(0.0, 1.0, 50, median, median, median, 0.0, ratio)]


@pytest.mark.parametrize(
    ("paper", "centred", "expected"),
    [
        (reading(0.26, 0.001), reading(0.23, 0.001), "confirmed"),
        (reading(0.26, 0.001), reading(0.0, 0.0), "partly"),
        (reading(0.26, 0.5), reading(0.26, 0.5), "partly"),
        (reading(0.26, 0.001 / GRID), reading(0.26, 0.001 / GRID), "confirmed"),  # per image side
        (reading(0.1, 0.02), reading(0.1, 0.02), "refuted"),
    ],
)
def test_verdict_on_the_flat_box(paper, centred, expected):
    verdict = _box_is_flat(place(mgiou_paper=paper, mgiou_centred=centred))
    assert verdict.verdict == expected
    assert f"loss {paper.loss:.3f}" in verdict.evidence


@pytest.mark.parametrize(
    ("per_vertex", "total", "expected"),
    [
        (0.2, 0.4, "confirmed"),  # per grid cell
        (0.01, 0.02, "confirmed"),  # per image side
        (0.02, 0.08, "partly"),  # per image side 0.24 and 0.96
        (5.0, 9.0, "refuted"),
        (0.001, 0.002, "refuted"),
    ],
)
def test_verdict_on_the_steep_l2(per_vertex, total, expected):
    one = Reading(0.5, per_vertex, GRID * per_vertex, total, GRID * total)
    assert _l2_is_steep(place(l2=one)).verdict == expected


@pytest.mark.parametrize(
    ("near", "far", "downhill", "expected"),
    [
        (0.2, 0.2, 1.0, "confirmed"),
        (0.2, 0.001, 1.0, "partly"),
        (0.001, 0.0, 1.0, "partly"),
        (0.0, 0.0, 0.9, "refuted"),
    ],
)
def test_verdict_on_the_kind_l2(near, far, downhill, expected):
    outside = [place(1.0, l2=reading(1, near)), place(2.0, l2=reading(1, far))]
    verdict = _l2_is_kind([place(l2=reading(0.5, 0.3))], outside, Convexity(0.0, 0.0, 0.0, downhill))
    assert verdict.verdict == expected


@pytest.mark.parametrize(
    ("paper", "centred", "expected"),
    [(0.6, 0.7, "confirmed"), (0.6, 0.1, "partly"), (0.9, 0.1, "refuted")],
)
def test_verdict_on_the_cosine(paper, centred, expected):
    verdict = _gradients_agree({"paper": agreement(paper), "centred": agreement(centred)})
    assert verdict.verdict == expected
    assert f"{paper:.2f}" in verdict.evidence


@pytest.mark.parametrize(
    ("ratio", "box", "expected"),
    [(100.0, 1e-2, "confirmed"), (100.0, 1.0, "partly"), (1.0, 1.0, "refuted"), (1.0, 0.0, "refuted")],
)
def test_verdict_on_the_loud_l2(ratio, box, expected):
    rows = {form: agreement(ratio=ratio) for form in ("paper", "centred")}
    here = place(l2=reading(0.5, 1.0), mgiou_paper=reading(0.2, box), mgiou_centred=reading(0.2, box))
    assert _l2_is_louder(here, rows).verdict == expected
