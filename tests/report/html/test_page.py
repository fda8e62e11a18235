"""The page says what the markdown says, quotes without obeying, and asks nothing of any network."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from bench.records import RunFolder
from bench.report import build, load_report, render
from bench.report.html import Live, render_html
from bench.report.html.palette import pens
from bench.report.sections import sections
from bench.text import one_line

from ...commands import bench, refused
from ..samples import record, study
from .folders import NASTY, data_set, held_by_holm, history, result, swept, three_seeds, write


class Page(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.stores, self.tables, self.texts = [], {}, [], []
        self._inside = []
        self.feed(text)
        self.words = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if tag not in ("meta", "link", "input", "image"):
            self._inside.append((tag, found))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data):
        inside = [tag for tag, _ in self._inside]
        if "script" in inside or "style" in inside:
            self.stores[self._inside[-1][1].get("id")] = data
            return
        self.texts.append(data)
        if "ul" not in inside and ("td" in inside or "th" in inside):
            self.tables[-1][-1][-1] += data

    def data(self, name):
        return json.loads(self.stores[f"data-{name}"])

    def attributes(self, name):
        return [found[name] for _, found in self.tags if name in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a study with samples, with runs of every status, and a data set that has no images here."""
    root = tmp_path_factory.mktemp("html")
    images = data_set(root / "data").val.images
    more = [
        record("step", 0, form="paper", status="failed", reason=f"{NASTY} & more"),
        record("step", 1, form="paper", status="running"),
        record("step", 2, form="paper", status="planned"),
        record("static[alpha=0.1]", 0, 0.4, "paper", name="static", parameters={"alpha": 0.1}),
        *(record(label, 0, 0.4, None if label == "l2" else "paper", data="parcels") for label in ("l2", "cosine")),
    ]
    return write(root / "main", three_seeds(more), images)


@pytest.fixture(scope="module")
def page(folder):
    data = data_set(folder.parent / "data")
    report = load_report(folder)
    return Page(render_html(folder, report, lambda one: data if one.title == "documents" else None))


def test_every_table_is_the_markdowns(folder, page):
    frames = [
        block.frame
        for section in sections(load_report(folder))
        for block in section.blocks
        if hasattr(block, "frame") and block.key != "claims"
    ]
    shown = [[[one_line(cell) for cell in line] for line in table] for table in page.tables]
    assert len(shown) == len(frames)
    for frame, table in zip(frames, shown, strict=True):
        assert table == [list(frame.columns), *(list(map(one_line, line)) for line in frame.values.tolist())]


def test_every_sentence_is_the_markdowns(folder, page):
    for section in sections(load_report(folder)):
        assert section.title in page.words
        for block in section.blocks:
            for text in (getattr(block, "text", ""), *getattr(block, "lines", ())):
                assert one_line(re.sub(r"[*`]", "", text)) in re.sub(r"[*`]", "", page.words)


def test_every_verdict_stands_with_its_evidence(folder, page):
    (frame,) = [
        block.frame
        for section in sections(load_report(folder))
        for block in section.blocks
        if getattr(block, "key", "") == "claims"
    ]
    words = "".join(page.words.split())  # code stands in an element of its own
    for line in frame.to_dict("records"):
        for text in (line["claim"].replace("`", ""), line["evidence"], line["verdict"]):
            assert "".join(one_line(text).split()) in words


def test_a_claim_stands_by_itself_with_the_words_that_were_declared(page):
    words = "".join(page.words.split())
    assert "Escape:two-stageescapesthefull-imagestate" in words
    assert "Asdeclared:sodoestwo-stage" in words
    assert "Escape:sodoes" not in words


def test_nothing_is_asked_of_a_network(page):
    for name in ("href", "src", "action", "srcset", "data", "poster", "xlink:href"):
        for target in page.attributes(name):
            assert target.startswith(("#", "data:")), target
    styles = page.stores[None] + "".join(page.attributes("style"))
    assert "url(" not in styles
    assert "@import" not in styles
    (policy,) = [found["content"] for _, found in page.tags if found.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy


def test_every_link_leads_somewhere_on_the_page(page):
    names = page.attributes("id")
    assert {name: count for name, count in Counter(names).items() if count > 1} == {}
    missing = {target[1:] for target in page.attributes("href") if target.startswith("#")} - set(names)
    assert not missing


def test_every_run_can_be_reached(folder, page):
    links = set(page.attributes("href"))
    for one in folder.glob("*/run.json"):
        assert f"#run-{one.parent.name}" in links
    told = page.data("runs")
    assert told.keys() == {one.parent.name for one in folder.glob("*/run.json")}
    assert {run["folder"] for run in told.values()} == {f"main/{run}" for run in told}
    assert str(folder.parent) not in "".join(page.stores.values()) + page.words


def test_names_stay_text(folder, page):
    assert NASTY in page.words
    scripts = [found for tag, found in page.tags if tag == "script"]
    assert len(scripts) == 7, "the page's own"
    for name, text in page.stores.items():
        if str(name).startswith("data-"):
            assert not set("<>&") & set(text)
    assert any(NASTY in row["name"] for row in page.data("curves")[0]["rows"])


@pytest.mark.parametrize(
    "text", ["</script><b>", "<!--<script>", "]]>", "{{ 7 * 7 }}", "\u2028", "a\x00b", "'\"`", "&lt;"]
)
def test_whatever_a_name_holds(tmp_path, text):
    write(tmp_path / "s", [record("l2"), record(text, 0, 0.6, "paper", reason=text)])
    page = Page(render_html(tmp_path / "s", load_report(tmp_path / "s")))
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 7
    assert one_line(text) in page.words
    assert [row["name"] for row in page.data("curves")[0]["rows"]] == ["l2", f"{text} (paper)"]


def test_curves_are_the_histories(folder, page):
    (cosine,) = [row for row in page.data("curves")[0]["rows"] if row["name"] == "cosine (paper)"]
    ap = cosine["curves"]["mAP50_95"]
    assert ap["e"] == list(range(10, 101, 10))
    assert ap["m"] == pytest.approx([0.61 * p / 10 for p in range(1, 11)], rel=1e-3)
    assert ap["l"] == pytest.approx([0.60 * p / 10 for p in range(1, 11)], rel=1e-3)
    assert ap["h"] == pytest.approx([0.62 * p / 10 for p in range(1, 11)], rel=1e-3)
    assert [seed for _, seed in ap["runs"]] == [0, 1, 2]
    alpha = cosine["curves"]["alpha"]
    assert len(alpha["m"]) == 100
    assert "l" not in alpha, "all seeds are alike"


def test_a_long_history_is_thinned_and_keeps_its_ends(tmp_path):
    one = record("l2", epochs=3000)
    RunFolder(tmp_path / one.id).write(one)
    RunFolder(tmp_path / one.id).write_history(history(one, 3000))
    page = Page(render_html(tmp_path, load_report(tmp_path)))
    alpha = page.data("curves")[0]["rows"][0]["curves"]["alpha"]
    assert len(alpha["e"]) == len(alpha["m"]) == 100
    assert (alpha["e"][0], alpha["e"][-1]) == (1, 3000)


def test_runs_that_are_not_done_have_curves_of_their_own(tmp_path):
    runs = [record("l2", 0, 0.5), record("l2", 1, status="diverged"), record("l2", 2, status="running")]
    write(tmp_path, runs)
    for one in runs[1:]:
        RunFolder(tmp_path / one.id).write_history(history(one, until=40))
    (row,) = Page(render_html(tmp_path, load_report(tmp_path))).data("curves")[0]["rows"]
    ap = row["curves"]["mAP50_95"]
    assert ap["runs"] == [[runs[0].id, 0]]
    assert [(one["run"], one["status"], one["e"][-1]) for one in ap["more"]] == [
        (runs[1].id, "diverged", 40),
        (runs[2].id, "running", 40),
    ]


def test_a_plot_says_what_keeps_a_difference_open(tmp_path):
    write(tmp_path, held_by_holm())
    report = load_report(tmp_path)
    (plot,) = Page(render_html(tmp_path, report)).data("plots")
    told = {row["name"]: (row["verdict"], row["kept_open_by"]) for row in plot["rows"]}
    assert told == {row.name: (row.verdict, row.kept_open_by) for row in report.comparisons[0].core if row.difference}
    assert ("UNDECIDED", "Holm") in told.values()


def test_a_criterion_sorts_by_its_largest_range_and_not_by_the_name_of_a_parameter(tmp_path):
    write(tmp_path, swept())
    report = load_report(tmp_path)
    tags = Page(render_html(tmp_path, report)).tags
    given = [float(found["data-sort"]) for tag, found in tags if tag in ("td", "th") and "data-sort" in found]
    (comparison,) = report.comparisons
    (sensitivity,) = [one for one in comparison.criteria if one.key == "sensitivity"]
    ranges = [cell.value for cell in sensitivity.cells if cell.value is not None]
    named = {cell.text.partition(":")[0]: cell.value for cell in sensitivity.cells if cell.value is not None}
    assert named["alpha"] > named["start"]
    assert set(ranges) <= set(given)
    own = [cell.value for one in comparison.criteria for cell in one.cells if cell.text == "reference"]
    assert max(own) not in given, "the reference is 0 among differences to itself"


def test_a_figure_says_what_it_needs_where_there_is_no_javascript(page):
    inside = sum(tag == "noscript" for tag, _ in page.tags)
    told = page.words.count("This figure needs JavaScript; the table above has its numbers.")
    assert told == len(page.data("plots")) > 0
    assert inside > told


def test_the_gallery_has_every_epoch_that_was_measured(page):
    documents, parcels = page.data("galleries")
    assert parcels is None
    assert "No gallery" in page.words
    assert documents["epochs"] == list(range(10, 101, 10))
    assert len(documents["images"]) == 8
    assert all(image["src"] is True for image in documents["images"])
    assert documents["images"][0]["truth"] == [[125, 125, 625, 125, 625, 562, 125, 562]]
    runs = {row["name"]: row["runs"] for row in documents["rows"]}
    first = runs["cosine (paper)"][0]
    assert not first["final"]
    assert first["at"]["100"][0] == [[90, 125, 125, 625, 125, 625, 562, 125, 562]]
    assert first["at"]["10"][0] != first["at"]["100"][0]
    assert first["told"]["50"] == "mAP50-95 0.300, full-image 0 %"
    assert runs["mgiou-centred (centred)"][0]["at"]["10"][0] == [[90, 3, 3, 997, 3, 997, 747, 3, 747]]


def test_each_image_is_embedded_once(folder):
    data = data_set(folder.parent / "data")
    text = render_html(folder, load_report(folder), lambda one: data if one.title == "documents" else None)
    assert text.count("data:image/jpeg;base64,") == 8


@pytest.mark.parametrize("kept", ["predictions", "nothing", "broken"])
def test_a_run_without_samples(tmp_path, kept):
    data = data_set(tmp_path / "data", 2)
    one = record("l2")
    run = RunFolder(tmp_path / "s" / one.id)
    write(tmp_path / "s", [one])
    if kept != "nothing":
        run.write_predictions([result(1, [[0, 0], [320, 0], [320, 240]])])
    if kept == "broken":
        run.write_samples({10: [{"image_id": 1, "score": "high"}]})
    (gallery,) = Page(render_html(tmp_path / "s", load_report(tmp_path / "s"), lambda _: data)).data("galleries")
    (found,) = gallery["rows"][0]["runs"]
    if kept == "nothing":
        assert (found["at"], gallery["epochs"]) == ({}, [])
    else:
        assert found["final"]
        assert found["at"] == {"100": [[[90, 0, 0, 1000, 0, 1000, 750]], []]}


def test_vertices_that_are_anything(tmp_path):
    data = data_set(tmp_path / "data", 1)
    one = record("l2")
    write(tmp_path / "s", [one])
    RunFolder(tmp_path / "s" / one.id).write_samples({10: [result(1, [[1e9, -1e9], [5, 5], [7, 8]])]})
    (gallery,) = Page(render_html(tmp_path / "s", load_report(tmp_path / "s"), lambda _: data)).data("galleries")
    assert gallery["rows"][0]["runs"][0]["at"]["10"] == [[[90, 3000, -3000, 16, 16, 22, 25]]]


def test_too_many_epochs_are_thinned_and_counted(tmp_path, monkeypatch):
    from bench.report.html import gallery

    data = data_set(tmp_path / "data", 8)
    write(tmp_path / "s", [record("l2")], data.val.images)
    monkeypatch.setattr(gallery, "MOST", 40)
    (found,) = Page(render_html(tmp_path / "s", load_report(tmp_path / "s"), lambda _: data)).data("galleries")
    assert found["epochs"] == [10, 30, 50, 80, 100]
    assert found["left_out"] == 5


@pytest.mark.parametrize(
    ("status", "told"), [("planned", "planned"), ("running", "on record as running"), ("failed", "failed")]
)
def test_a_study_in_which_no_run_is_done(tmp_path, status, told):
    write(tmp_path, [record("l2", status=status), record("cosine", form="paper", status=status)])
    page = Page(render_html(tmp_path, load_report(tmp_path)))
    assert f"2 runs: 2 {told}" in page.words
    assert page.data("plots") == []


def test_an_empty_study(tmp_path):
    page = Page(render_html(tmp_path, build([])))
    assert "nothing to compare" in page.words


def test_the_same_records_give_the_same_page(folder):
    report = load_report(folder)
    assert render_html(folder, report) == render_html(folder, report)


def test_a_live_page_may_ask_its_own_server_and_no_other(folder):
    page = Page(render_html(folder, load_report(folder), live=Live("abc", as_of=0.0)))
    (policy,) = [found["content"] for _, found in page.tags if found.get("http-equiv") == "Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    assert page.attributes("data-version") == ["abc"]


def test_the_command_writes_the_page(folder, tmp_path):
    said = bench("report", "--out", folder.parent, "main", "--format", "html", "-o", tmp_path / "report.html")
    assert (said.code, said.out) == (0, "")
    assert Page((tmp_path / "report.html").read_text()).data("plots")
    assert list(tmp_path.iterdir()) == [tmp_path / "report.html"]


def test_the_command_writes_any_format_to_a_file(tmp_path):
    write(tmp_path / "main", study(l2=[0.5, 0.6], cosine=[0.7, 0.8]))
    assert bench("report", "--out", tmp_path, "-o", tmp_path / "deep" / "report.md").code == 0
    assert (tmp_path / "deep" / "report.md").read_text() == render(load_report(tmp_path / "main"), "md")


def test_output_that_is_a_folder_is_refused(tmp_path):
    write(tmp_path / "main", study(l2=[0.5]))
    assert "this is a folder" in refused("report", "--out", tmp_path, "-o", tmp_path)


def test_a_file_says_only_what_is_on_record(tmp_path):
    running = record("step", 0, form="paper", status="running")
    content = render_html(write(tmp_path, [*study(l2=[0.5]), running]), load_report(tmp_path))
    assert "2 runs: 1 on record as running, 1 done" in content
    assert "On record as running: 1; a record does not tell whether a process is still at it." in content


def test_no_two_of_many_relatives_are_drawn_alike():
    labels = [f"static[alpha=0.{alpha},normalization={how}]" for alpha in range(1, 10) for how in ("none", "gradient")]
    (comparison,) = build([record(label, 0, 0.5, "paper", parameters={}) for label in labels]).comparisons
    assert len(set(pens(comparison.all_rows).values())) == len(labels)


def test_a_gallery_without_anything_to_show_says_so(tmp_path):
    data = data_set(tmp_path / "data")
    content = render_html(write(tmp_path / "s", study(l2=[0.5])), load_report(tmp_path / "s"), lambda _: data)
    assert "No gallery: no run has left samples or predictions." in content
    assert 'class="gallery"' not in content
