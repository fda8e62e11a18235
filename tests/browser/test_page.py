"""The page in a real browser: headless Chromium, as it is installed on this machine."""

from __future__ import annotations

import shutil

import pytest

from bench.report import load_report
from bench.report.html import render_html

from ..live.test_live import Eager, serving
from ..report.html.folders import NASTY, data_set, held_by_holm, swept, three_seeds, write
from ..report.samples import record

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as driver:
        # The sandbox needs rights that a container seldom has; the page is ours.
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("browser")
    images = data_set(root / "data").val.images
    more = [record("step", 0, form="paper", status="failed", reason=f"{NASTY} & more")]
    return write(root / "main", three_seeds(more), images)


@pytest.fixture(scope="module")
def file(folder):
    data = data_set(folder.parent / "data")
    path = folder.parent / "report.html"
    path.write_text(render_html(folder, load_report(folder), lambda _: data))
    return path


@pytest.fixture
def open_page(chromium, file):
    """Return what opens the page; at the end, it has complained of nothing and asked nobody for anything."""
    contexts, complaints, asked = [], [], []

    def opened(width=1280, scheme="light", url=None):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url or file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    away = [url for url in asked if not url.startswith(("file://", "data:", "blob:", "http://127.0.0.1:"))]
    assert away == []


def table(page):
    return page.locator("#comparison .table").first


def column(page, number):
    """Return what is shown in a column of the comparison table."""
    cells = table(page).locator(f"tbody tr:not([hidden]) > :nth-child({number})")
    return [text.strip() for text in cells.all_inner_texts()]


def see(page, selector):
    """Scroll to something that is drawn when it comes into sight."""
    page.locator(selector).first.scroll_into_view_if_needed()


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_draws_everything_in_both_themes(open_page, width):
    page = open_page(width, "light")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for selector, drawn in ((".difference", "svg"), (".curve .chart", "svg"), (".gallery", ".strip svg")):
        see(page, selector)
        page.wait_for_selector(f"{selector} {drawn}")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        behind = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (bright(behind) > 600) == (scheme == "light")
        title = page.locator(".curve .chart .xtitle").first
        assert (bright(title.evaluate("node => getComputedStyle(node).fill")) < 300) == (scheme == "light")


def bright(colour):
    """Return the sum of red, green and blue of `rgb(1, 2, 3)`."""
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))


def test_text_stands_out_from_what_is_behind_it(open_page):
    """WCAG 2 AA: a contrast of 4.5 : 1, computed for every element that has text of its own."""
    page = open_page()
    weak = """() => {
        const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
        const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
            .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
        const behind = (node) => {
            for (let one = node; one; one = one.parentElement) {
                const colour = rgb(getComputedStyle(one).backgroundColor);
                if (colour.length < 4 || colour[3] > 0) return colour;
            }
            return [255, 255, 255];
        };
        const found = [];
        for (const node of document.querySelectorAll("header *, main *")) {
            if (node.closest("svg, .hidden, [disabled]") || !node.checkVisibility()) continue;
            if (![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) continue;
            const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
            if ((a + 0.05) / (b + 0.05) < 4.5) found.push(node.outerHTML.slice(0, 80));
        }
        return found;
    }"""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(weak) == []


def test_everything_has_a_name_and_can_be_reached_by_keyboard(open_page):
    page = open_page()
    # What a select offers, a chart draws and a region holds is no name of it.
    nameless = """() => {
        const told = 'button, a, dialog[open]';
        return [...document.querySelectorAll(`${told}, select, input, [role=img], [role=region]`)]
        .filter((node) => node.checkVisibility() && !node.closest('.modebar')
            && !(node.getAttribute('aria-label') || node.getAttribute('aria-labelledby') || node.labels?.length
                || (node.matches(told) && node.textContent.trim())))
        .map((node) => node.outerHTML.slice(0, 90));
    }"""
    assert page.evaluate(nameless) == [], "before anything is drawn"
    see(page, ".gallery")
    page.wait_for_selector(".strip svg")
    assert page.evaluate(nameless) == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    table(page).locator("th button", has_text="mAP50-95").focus()
    page.keyboard.press("Enter")
    assert column(page, 1)[0] == "cosine"
    unfold = table(page).locator("tbody summary").first
    unfold.focus()
    page.keyboard.press("Enter")
    assert unfold.evaluate("node => node.parentElement.open")


def test_names_show_as_text(open_page):
    page = open_page()
    assert NASTY in column(page, 1)
    see(page, ".difference")
    page.wait_for_selector(".difference svg")
    assert NASTY in page.locator(".difference").first.text_content()
    assert NASTY in page.locator(".legend").first.text_content()
    see(page, ".gallery")
    page.wait_for_selector(".strip")
    assert NASTY in page.locator(".gallery").text_content()
    assert page.locator("b:has-text('more')").count() == 0


def test_the_table_sorts_and_filters(open_page):
    page = open_page()
    first = column(page, 1)
    head = table(page).locator("th", has_text="mAP50-95")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, 1) == ["cosine", "linear", "l2", NASTY, "mgiou-centred", "step"]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, 1) == ["mgiou-centred", NASTY, "l2", "linear", "cosine", "step"]
    table(page).locator("th button", has_text="difference").click()
    assert head.get_attribute("aria-sort") == "none"
    assert column(page, 1) == ["cosine", "linear", "l2", NASTY, "mgiou-centred", "step"]
    for _ in range(2):
        table(page).locator("th button", has_text="difference").click()
    assert column(page, 1) == first
    box = table(page)
    box.get_by_label("verdict").select_option("better")
    assert column(page, 1) == ["cosine", "linear"]
    assert box.locator(".count").text_content() == "2 of 6"
    box.get_by_label("Find").fill("LIN")
    assert column(page, 1) == ["linear"]
    box.get_by_label("verdict").select_option("")
    box.get_by_label("MGIoU").select_option("centred")
    assert column(page, 1) == []
    box.get_by_label("Find").fill("")
    assert column(page, 1) == ["mgiou-centred"]


LONG = [f"static[alpha=0.5,normalization={middle},decay=0.95]" for middle in ("none", "gradient", "constant")]


@pytest.mark.parametrize("width", [1280, 390])
def test_names_of_differences_are_told_in_full(open_page, tmp_path, width):
    write(tmp_path, three_seeds([record(name, seed, 0.4, "paper") for name in LONG for seed in range(3)]))
    path = tmp_path / "report.html"
    path.write_text(render_html(tmp_path, load_report(tmp_path)))
    page = open_page(width, url=path.as_uri())
    for plot in page.locator(".difference").all():
        plot.scroll_into_view_if_needed()
        plot.locator("svg").first.wait_for()
    shown = "".join("".join(page.locator(".difference").all_text_contents()).split())
    assert all(f"{name}(paper)" in shown for name in LONG)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_a_phone_a_row_says_what_keeps_its_difference_open(open_page, tmp_path):
    write(tmp_path, held_by_holm())
    path = tmp_path / "report.html"
    path.write_text(render_html(tmp_path, load_report(tmp_path)))
    page = open_page(390, url=path.as_uri())
    see(page, ".difference")
    page.wait_for_selector(".difference svg")
    assert "UNDECIDED (Holm)" in page.locator(".difference").first.text_content()


def test_a_mean_beyond_the_scale_is_told_in_ink(open_page):
    page = open_page()
    see(page, ".difference")
    page.wait_for_selector(".difference svg")
    for scheme, ink in (("light", "#1d2229"), ("dark", "#e6e9ee")):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(
            """(ink) => {
            const marks = document.querySelector('.difference').layout.annotations;
            return marks.length && marks.every((one) => one.font.color === ink);
        }""",
            arg=ink,
        )


def test_criteria_sort_by_their_numbers_whatever_they_begin_with(open_page, tmp_path):
    write(tmp_path, swept())
    path = tmp_path / "report.html"
    path.write_text(render_html(tmp_path, load_report(tmp_path)))
    page = open_page(url=path.as_uri())
    box = page.locator("#criteria .table").first
    box.locator("thead button", has_text="sensitivity").click()
    assert [text.strip() for text in box.locator("tbody tr > :nth-child(1)").all_inner_texts()][:2] == [
        "static",
        "cosine",
    ]


def test_on_a_phone_a_row_says_its_form_and_nothing_lies_over_a_chart(chromium, tmp_path):
    parcels = [
        record(label, seed, ap + 0.03 * seed, None if label == "l2" else "paper", data="parcels")
        for label, ap in (("l2", 0.5), ("cosine", 0.55))
        for seed in range(3)
    ]
    write(tmp_path, three_seeds(parcels))
    path = tmp_path / "report.html"
    path.write_text(render_html(tmp_path, load_report(tmp_path)))
    context = chromium.new_context(viewport={"width": 390, "height": 900}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(path.as_uri())
    after = "node => getComputedStyle(node, '::after').content"
    shown = [one.evaluate(after) for one in table(page).locator("tbody th").all()]
    assert sorted(shown) == sorted(["none", *(f'" ({form})"' for form in ["centred", *3 * ["paper"]])])
    see(page, ".difference")
    page.wait_for_selector(".difference svg")
    assert page.locator(".modebar").count() == 0
    heights = page.evaluate("[...document.querySelectorAll('#together tbody tr')].map((row) => row.offsetHeight)")
    assert 0 < max(heights) < 60
    context.close()


def test_run_ids_sort_as_text(open_page, folder):
    page = open_page()
    runs = page.locator("#provenance .table").first
    runs.locator("thead button", has_text="run").click()
    ids = runs.locator("tbody a[href^='#run-']")
    shown = [text for text in ids.all_inner_texts() if len(text) == 12 and set(text) <= set("0123456789abcdef")]
    assert shown == sorted(path.parent.name for path in folder.glob("*/run.json"))


def test_claims_unfold_and_filter(open_page):
    page = open_page()
    claims = page.locator(".claims")
    assert claims.locator("code", has_text="centred").count() > 1
    assert "`" not in claims.text_content()
    claims.get_by_label("verdict").select_option("UNDECIDED")
    shown = claims.locator(".claim:not([hidden])")
    assert shown.count() == int(claims.locator(".count").text_content().split()[0]) > 0
    assert {one.strip() for one in shown.locator("> summary .verdict").all_inner_texts()} == {"UNDECIDED"}
    shown.first.locator("> summary").click()
    assert shown.first.locator(".inside").is_visible()


def test_every_figure_leads_to_its_run(open_page, folder):
    page = open_page()
    table(page).locator("tbody summary").first.click()
    link = table(page).locator("tbody details[open] a").first
    run = link.inner_text()
    link.click()
    dialog = page.locator("dialog#run")
    assert dialog.locator("h2").inner_text() == f"Run {run}"
    assert f"main/{run}" in dialog.inner_text()
    assert "mAP50_95" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    see(page, ".difference")
    page.wait_for_selector(".difference .point")
    page.evaluate(
        """() => {
        const plot = document.querySelector('.difference');
        const curve = plot.data.findIndex((trace) => trace.meta && trace.meta.of);
        plot.emit('plotly_click', { points: [{ data: plot.data[curve], pointNumber: 1 }] });
    }"""
    )
    assert dialog.locator("h2").inner_text() in {f"Run {one.parent.name}" for one in folder.glob("*/run.json")}
    assert "seed 1" in dialog.inner_text()
    page.keyboard.press("Escape")
    see(page, ".curve .chart")
    page.wait_for_selector(".curve .chart .points path")
    page.locator(".curve .chart").first.hover()
    point = page.locator(".curve .chart").first.locator(".points path").last.bounding_box()
    page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    page.wait_for_selector(".hovertext")
    assert "over 3 seeds" in page.locator(".hovertext").first.text_content()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector("dialog[open]")
    assert page.locator("dialog li button").count() == 3
    page.locator("dialog li button").first.click()
    assert page.locator("dialog h2").inner_text().startswith("Run ")


def test_curves_respond(open_page):
    page = open_page()
    see(page, ".curve .chart")
    page.wait_for_selector(".curve .chart svg")
    chart = page.locator(".curve .chart").first

    def lines():
        return chart.evaluate("node => node.data.filter((one) => one.line.width > 2).map((one) => [...one.y])")

    before = lines()
    assert len(before) == 5
    page.locator(".legend").get_by_label("cosine (paper)").uncheck()
    assert len(lines()) == 4
    page.get_by_role("button", name="None", exact=True).click()
    assert lines() == []
    page.get_by_role("button", name="As at first").click()
    assert lines() == before
    page.get_by_label("By epoch:").first.select_option("loss_l2")
    assert lines() != before
    assert "L2 loss" in chart.get_attribute("aria-label")
    assert chart.evaluate("node => node.data.filter((one) => one.fill === 'toself').length") == 5
    page.get_by_label("range over seeds").uncheck()
    assert chart.evaluate("node => node.data.filter((one) => one.fill === 'toself').length") == 0
    page.get_by_label("each run").check()
    assert chart.evaluate("node => node.data.filter((one) => one.line.width === 1).length") == 15


def test_the_gallery_steps_through_epochs(open_page):
    page = open_page()
    see(page, ".gallery")
    page.wait_for_selector(".strip")
    strip = page.locator(".strip", has_text="cosine (paper)")

    def shape():
        return strip.locator(".prediction").first.get_attribute("d")

    assert "epoch 100" in page.locator(".gallery output").text_content()
    assert strip.locator("svg[role=img]").count() == 8
    assert "epoch 100: 1 prediction" in strip.locator("svg[role=img]").first.get_attribute("aria-label")
    last = shape()
    page.get_by_label("epoch before").click()
    assert page.locator(".gallery output").text_content() == "epoch 90"
    assert shape() != last
    page.get_by_label("epoch", exact=True).press("Home")
    assert page.locator(".gallery output").text_content() == "epoch 10"
    page.locator(".gallery select").nth(1).select_option("1")
    first = shape()
    page.get_by_label("epoch", exact=True).press("End")
    assert shape() not in (first, last)
    collapsed = page.locator(".strip", has_text="mgiou-centred").locator(".prediction").first
    assert collapsed.get_attribute("d") == "M3 3L997 3L997 747L3 747Z"
    assert page.locator(".strip", has_text="step (paper)").locator(".prediction").count() == 0
    style = "getComputedStyle(document.querySelector('.strip .{}')).strokeDasharray"
    truth, prediction = (page.evaluate(style.format(kind)) for kind in ("truth", "prediction"))
    assert truth != prediction == "none", "they differ by more than their colours"


def test_it_prints_in_light_with_every_chart_and_shows_the_theme_that_is_chosen(open_page):
    page = open_page(1280, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".chart").count() == page.locator(".chart:has(svg)").count() > 2
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".claim:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".claim[open]").count() == 0
    page.emulate_media(media="screen", color_scheme="light")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Theme").click()
    assert page.get_by_role("button", name="Theme").inner_text() == "Theme: dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


def test_a_link_to_a_run_opens_it(open_page, file, folder):
    run = next(folder.glob("*/run.json")).parent.name
    page = open_page(url=f"{file.as_uri()}#run-{run}")
    assert page.locator("dialog h2").inner_text() == f"Run {run}"


def test_a_live_page_follows_its_records_and_keeps_its_place(open_page, tmp_path):
    write(tmp_path, three_seeds())
    with serving(Eager(tmp_path)) as server:
        page = open_page(url=server.url)
        assert "15 runs: 15 done" in page.locator("header").inner_text()
        table(page).get_by_label("Find").fill("cosine")
        claim = page.locator(".claim").nth(2)
        claim.locator("> summary").click()
        see(page, ".claims")
        before = page.evaluate("scrollY")
        write(tmp_path, [record("step", 0, 0.4, "paper")])
        playwright.expect(page.locator("header")).to_contain_text("16 runs: 16 done", timeout=60_000)
        page.wait_for_load_state()  # the header is there before the script that gives back what the reader chose
        assert column(page, 1) == ["cosine"]
        assert claim.evaluate("node => node.open")
        assert abs(page.evaluate("new Promise((done) => setTimeout(() => done(scrollY), 300))") - before) < 200
        page.goto("about:blank")


def test_a_live_page_takes_nothing_from_under_the_readers_hands(open_page, tmp_path):
    write(tmp_path, three_seeds())
    with serving(Eager(tmp_path)) as server:
        page = open_page(390, url=server.url)
        box, scroll = table(page), table(page).locator(".scroll")
        box.locator("tbody summary").first.click()
        scroll.evaluate("node => { node.scrollLeft = 150; }")
        claim = page.locator(".claim:has(.runs)").first
        claim.locator("> summary").click()
        unfold = claim.locator(".runs > summary").first
        unfold.click()
        box.get_by_label("Find").press_sequentially("co")
        write(tmp_path, [record("step", 0, 0.4, "paper")])
        playwright.expect(page.locator("#live")).to_contain_text("there is more", timeout=60_000)
        box.get_by_label("Find").press_sequentially("sine")
        assert "15 runs" in page.locator("header").inner_text()
        assert box.get_by_label("Find").input_value() == "cosine"
        unfold.focus()
        playwright.expect(page.locator("header")).to_contain_text("16 runs: 16 done", timeout=60_000)
        page.wait_for_load_state()
        assert column(page, 1) == ["cosine"]
        assert box.locator("tbody details[open]").count() == 1
        assert scroll.evaluate("node => node.scrollLeft") == 150
        assert unfold.evaluate("node => node.parentElement.open && node === document.activeElement")
        as_of = int(page.locator("#live").get_attribute("data-as-of"))
        told = page.evaluate(f"new Date({as_of}).toLocaleTimeString()")
        playwright.expect(page.locator("#live")).to_contain_text(f"As of {told}.", timeout=60_000)
        page.goto("about:blank")
