"""The probe against figures worked out by hand."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch

from bench.claims import CLAIMS, judge
from bench.errors import UserError
from bench.probe import Landscape, probe
from bench.probe.claims import judged
from bench.probe.measure import _full_image
from bench.probe.model import GRID, LOSSES, Agreement
from bench.probe.plot import plot
from bench.probe.text import tables


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
    assert readings["mgiou-centred"].total_image == 0
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
    assert "nan" not in str(tables(changed, []))


def test_tables_are_rectangular_and_show_what_was_measured(tilted):
    places, shapes, agreements, verdicts = tables(tilted, judged(tilted))
    for table in (places, shapes, agreements, verdicts):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.headers)}
    loss = tilted.full_image.readings["mgiou-paper"].loss
    assert ("full-image box", "0.62", "mgiou-paper", f"{loss:.4g}") in {row[:4] for row in places.rows}
    assert [row[0] for row in shapes.rows] == list(LOSSES)
    said = {claim: (verdict, figures) for verdict, claim, figures in verdicts.rows}
    verdict, figures = said["its loss there is ≈ 0.25 and its gradient ≈ 0.001 (form `paper`)"]
    assert verdict == "REFUTED"
    assert f"loss between 0.2 and 0.3: {loss:.3g}" in figures


def test_plot_writes_a_png(tilted, tmp_path):
    path = tmp_path / "new" / "landscape.png"
    plot(tilted, path)
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


# Verdicts


def test_the_probe_and_a_report_say_the_same_of_a_claim(tilted):
    on_probe = {one.claim.key: one.verdict for one in judged(tilted)}
    reported = {one.claim.key: one.verdict for one in judge(CLAIMS, [], tilted.to_dict())}
    shared = on_probe.keys() & reported.keys()
    assert len(shared) >= 6
    assert {key: on_probe[key] for key in shared} == {key: reported[key] for key in shared}
    assert set(on_probe.values()) <= {"SUPPORTED", "REFUTED"}, "all that the probe says needs no run"


@pytest.mark.parametrize(
    ("medians", "downhill", "cosine", "minima"),
    [([0.6] * 5, 1.0, "SUPPORTED", "SUPPORTED"), ([0.6, 0.6, 0.9, 0.6, 0.6], 0.99, "REFUTED", "REFUTED")],
)
def test_verdicts_of_made_up_figures(tilted, medians, downhill, cosine, minima):
    rows = [
        dataclasses.replace(row, median=median) for row, median in zip(tilted.agreement["paper"], medians, strict=True)
    ]
    shape = dataclasses.replace(tilted.convexity["l2"], downhill=downhill)
    changed = dataclasses.replace(
        tilted,
        agreement={**tilted.agreement, "paper": rows},
        convexity={**tilted.convexity, "l2": shape},
    )
    verdicts = {one.claim.key: one.verdict for one in judged(changed)}
    assert (verdicts["probe-cosine-paper"], verdicts["probe-l2-minima"]) == (cosine, minima)


def test_an_empty_bin_leaves_a_claim_open(tilted):
    empty = Agreement(0.0, 0.0, 0, *[math.nan] * 5)
    fitting = [dataclasses.replace(row, median=0.6) for row in tilted.agreement["paper"][1:]]
    changed = dataclasses.replace(tilted, agreement={**tilted.agreement, "paper": [empty, *fitting]})
    verdicts = {one.claim.key: one.verdict for one in judged(changed)}
    assert verdicts["probe-cosine-paper"] == "NOT RUN"
