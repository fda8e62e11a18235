"""A data set of which there are several versions counts once."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bench.report import build, render
from bench.report.html.page import render_html

from .declared import CLAIMS
from .reading import plain, section, table
from .samples import record

APS = {"l2": (0.50, 0.52, 0.48), "cosine": (0.60, 0.63, 0.57), "linear": (0.61, 0.62, 0.58)}


def runs(data="documents", version="f", seeds=range(3), finished=None, gain=0.0, vertices=4, **more):
    """Return runs on one version of some data: `version` is the digit of its fingerprint."""
    found = []
    for label, aps in APS.items():
        for seed in seeds:
            ap = aps[seed] + (gain if label == "cosine" else 0.0)
            one = record(label, seed, ap, None if label == "l2" else "paper", data=data, **more)
            described = {**one.identity["data"], "fingerprint": version * 64, "vertices": vertices}
            found.append(
                dataclasses.replace(
                    one,
                    id=f"{version}{vertices}{one.id[2:]}",
                    identity={**one.identity, "data": described},
                    timing={**one.timing, **({"finished": finished} if finished else {})},
                )
            )
    return found


def family(records):
    (found,) = build(records, claims=CLAIMS).families
    return found


NEW, STALE = runs(), runs(version="a", seeds=range(1), gain=-0.5)
TITLES = ("documents (fingerprint=ffffffffffff)", "documents (fingerprint=aaaaaaaaaaaa)")


def test_one_old_seed_takes_no_verdict_away():
    both, alone = family([*NEW, *STALE]), family(NEW)
    assert (both.members, both.outdated) == (TITLES[:1], TITLES[1:])
    assert [one.verdict for one in both.judgements] == [one.verdict for one in alone.judgements]
    assert both.judgements[2].verdict == "SUPPORTED"
    assert both.best == alone.best
    assert both.answers == alone.answers


def test_what_is_left_out_is_said_and_keeps_its_tables():
    text = plain(render(build([*NEW, *STALE], claims=CLAIMS), "md"))
    said = f"stands for it: {TITLES[0]}; left out of the answer, the claims and the data sets together: {TITLES[1]}."
    assert said in section(text, "The answer")
    assert said in section(text, "Data sets together")
    assert section(text, "Comparison").count("| cosine") == 2 * 2  # of each version its strategies, and their shapes
    assert list(table(section(text, "Claims"), "claim")[0]) == ["claim", "verdict", "evidence", "how it is tested"]


def test_the_version_that_stands_is_combined_with_the_other_data_sets():
    records = [*NEW, *STALE, *runs("parcels")]
    found = family(records)
    assert found.members == (TITLES[0], "parcels")
    assert [row.label for row in found.combined] == ["linear", "cosine"]
    assert found.combined == family([*NEW, *runs("parcels")]).combined
    assert f"left out of the answer, the claims and the data sets together: {TITLES[1]}." in found.combined_note
    assert json.loads(render(build(records), "json"))["families"][0]["outdated"] == [TITLES[1]]
    text = section(plain(render(build(records), "md")), "Data sets together")
    (row,) = [row for row in table(text, TITLES[0]) if row["strategy"] == "cosine"]
    assert row[TITLES[0]] == "+0.100"


def test_the_worst_data_set_is_not_an_old_version_of_another():
    for one in build([*NEW, *STALE, *runs("parcels", gain=0.1)]).comparisons:
        (worst,) = [criterion for criterion in one.criteria if criterion.key == "worst_data_set"]
        (cell,) = [cell for row, cell in zip(one.core, worst.cells, strict=True) if row.label == "cosine"]
        assert cell.text.endswith(f"({TITLES[1] if one.title == TITLES[1] else TITLES[0]})")


@pytest.mark.parametrize(
    ("other", "stands"),
    [
        (runs(version="a", finished="2026-02-01T00:00:00+00:00"), "a"),  # as many runs, ended later
        (runs(version="a"), "a"),  # as many runs, without a date: the first in order
        (runs(version="a", finished="2026-02-01T00:00:00+00:00", seeds=range(2)), "f"),
        (runs(version="a", finished="2026-02-01T00:00:00+00:00", status="failed"), "f"),
    ],
)
@pytest.mark.parametrize("turn", [1, -1])
def test_the_version_with_the_most_runs_stands_then_the_latest_then_the_first(other, stands, turn):
    found = family([*NEW, *other][::turn])
    assert found.members == (f"documents (fingerprint={stands * 12})",)


def test_another_number_of_vertices_is_another_version_of_the_same_images():
    found = family([*NEW, *runs(vertices=6, seeds=range(2))])
    assert (found.members, found.outdated) == (("documents (vertices=4)",), ("documents (vertices=6)",))


def test_the_page_has_it_too(tmp_path):
    page = render_html(tmp_path, build([*NEW, *STALE], claims=CLAIMS))
    assert "left out of the answer, the claims and the data sets together" in page
