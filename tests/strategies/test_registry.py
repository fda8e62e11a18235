"""Reading names and parameters, and every way to get them wrong."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

import strategies
from strategies import StrategyError


def test_the_order_is_that_of_the_design():
    assert strategies.names()[:13] == [
        "l2",
        "mgiou",
        "mgiou-centred",
        "static",
        "linear",
        "cosine",
        "step",
        "exponential",
        "two-stage-50",
        "two-stage-70",
        "two-stage-90",
        "two-stage-70-restart",
        "adaptive",
    ]


def test_the_order_is_the_same_whatever_was_imported_first(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text("from strategies import Mix, register\n@register('mine')\nclass Mine(Mix):\n    pass\n")
    code = (
        "import sys, strategies, strategies.hybrid, strategies.adaptive\n"
        "strategies.load_plugin(sys.argv[1])\n"
        "print(*strategies.names())"
    )
    done = subprocess.run([sys.executable, "-c", code, mine], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [*strategies.names(), "mine"]


def test_a_package_that_cannot_be_loaded_hides_no_other(monkeypatch):
    broken = importlib.metadata.EntryPoint("bad", "no.such.module", strategies.registry.ENTRY_POINTS)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [broken])
    strategies.registry._discover.cache_clear()
    try:
        assert strategies.find("rescue").about == "by"
        assert strategies.find("nobody") is None
        with pytest.raises(StrategyError, match="bad"):
            strategies.get("rescue")
    finally:
        monkeypatch.undo()
        strategies.registry._discover.cache_clear()


def test_a_list_spans_a_grid():
    found = strategies.parse("static[alpha=[0.1,0.3],normalization=[none,gradient]]")
    assert [(s.alpha, s.normalization) for s in found] == [
        (0.1, "none"),
        (0.1, "gradient"),
        (0.3, "none"),
        (0.3, "gradient"),
    ]


def test_an_integer_is_taken_for_a_float():
    (one,) = strategies.parse("static[alpha=1]")
    assert isinstance(one.alpha, float)
    assert one == strategies.build("static", {"alpha": 1.0})


@pytest.mark.parametrize("alpha", [0.1234567, 2 / 3, 1e-7, 0.1 + 0.2, 0.5])
def test_a_label_is_read_again_as_the_same_strategy(alpha):
    one = strategies.build("static", {"alpha": alpha})
    assert strategies.parse(one.label) == [one]


def test_the_label_names_what_differs_from_the_defaults():
    assert strategies.parse("cosine[start=1.0,end=0.1]")[0].label == "cosine[end=0.1]"
    assert strategies.parse("cosine[start=1.0]")[0].label == "cosine"
    hybrid = "hybrid[normalization=none,schedule=linear,start=0.8]"  # in the order of their declaration
    assert strategies.parse("hybrid[start=0.8,schedule=linear,normalization=none]")[0].label == hybrid


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosin", "did you mean 'cosine'"),
        ("nothing-like-it", "there are l2, mgiou"),
        ("", "no strategy is named ''"),
        ("static[alpa=0.1]", "did you mean 'alpha'"),
        ("l2[alpha=0.1]", "its parameters: none"),
        ("static[alpha=x]", "expected float, got str"),
        ("static[alpha=true]", "expected float, got bool"),
        ("static[alpha=.inf]", "finite"),
        ("static[alpha=-0.1]", "alpha=-0.1 must lie between 0 and 1"),
        ("static[alpha=1.1]", "alpha=1.1 must lie between 0 and 1"),
        ("linear[end=-0.04]", "end=-0.04 must lie between 0 and 1"),
        ("cosine[end=-0.005]", "end=-0.005 must lie between 0 and 1"),
        ("exponential[rate=-0.11]", "rate=-0.11 must be at least 0"),
        ("exponential[start=1.5]", "start=1.5 must lie between 0 and 1"),
        ("step[at=0.97,end=1.5]", "end=1.5 must lie between 0 and 1"),
        ("step[at=70]", "at=70 must lie between 0 and 1"),
        ("adaptive[weak=1.5]", "weak=1.5 must lie between 0 and 1"),
        ("adaptive[middle=3]", "middle=3 must lie between 0 and 1"),
        ("static[alpha", "bracket is not closed"),
        ("static[alpha]", "write key=value"),
        ("static[=1]", "write key=value"),
        ("static[alpha=1,alpha=0]", "stands twice"),
        ("static[alpha=[]]", "has no value"),
        ("static[alpha={]", "cannot read the value"),
        ("cosine[normalization=grad]", "use one of none, constant, loss-ema, gradient"),
        ("adaptive[low=0.5]", "low=0.5"),
        ("adaptive[smoothing=1]", "smoothing=1"),
    ],
)
def test_a_wrong_text_is_one_clear_line(text, message):
    with pytest.raises(StrategyError, match=None) as caught:
        strategies.parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_plugin_file_registers_and_a_broken_one_is_named(tmp_path):
    good = tmp_path / "plug_good.py"
    good.write_text(
        "from strategies import Mix, register\n"
        "@register('test-plugged')\n"
        "class Plugged(Mix):\n"
        "    'Half and half.'\n"
        "    def alpha_at(self, signals):\n"
        "        return 0.5\n"
    )
    try:
        strategies.load_plugin(str(good))
        strategies.load_plugin(str(good))  # a worker may be told twice
        assert strategies.get("test-plugged").__doc__ == "Half and half."
    finally:
        strategies.registry._registry.pop("test-plugged", None)
    bad = tmp_path / "plug_bad.py"
    bad.write_text("1 / 0\n")
    long = tmp_path / "plug_long.py"
    long.write_text("raise RuntimeError('two\\nlines')\n")
    for source, message in (
        (str(bad), "ZeroDivisionError"),
        (str(long), "RuntimeError: two lines"),
        (str(tmp_path / "absent.py"), "no such file"),
        ("no.such", "No module"),
    ):
        with pytest.raises(StrategyError, match=message):
            strategies.load_plugin(source)


@pytest.fixture
def listed():
    """Register a strategy with parameters that are lists; it is gone afterwards."""

    @strategies.register("test-listed", core=False)
    class Listed(strategies.Mix):
        knots: tuple[float, ...] = (1.0, 0.0)
        pair: tuple[int, str] = (1, "a")

        def alpha_at(self, signals):
            return self.knots[0]

    yield Listed
    strategies.registry._registry.pop("test-listed")


def test_a_list_of_numbers_is_a_parameter_that_its_label_names_so_that_it_can_be_read_again(listed):
    (one,) = strategies.parse("test-listed[knots=[[0.5,1]],pair=[[2,b]]]")
    assert (one.knots, one.pair) == ((0.5, 1.0), (2, "b"))
    assert all(type(knot) is float for knot in one.knots)
    assert one.label == "test-listed[knots=[[0.5,1]],pair=[[2,b]]]"
    assert strategies.parse(one.label) == [one]
    assert strategies.build("test-listed", {"knots": [0.5, 1.0], "pair": [2, "b"]}) == one  # as a record has it
    assert len(strategies.parse("test-listed[knots=[[0.5,1],[0.2,1]]]")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("test-listed[knots=0.5]", "got float; write KEY=[[a,b]]"),
        ("test-listed[knots=[[a,b]]]", "expected float, got str"),
        ("test-listed[pair=[[1,b,c]]]", "got 3 values"),
    ],
)
def test_a_list_that_does_not_fit_is_one_clear_line(listed, text, message):
    with pytest.raises(StrategyError) as caught:
        strategies.parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_plugin_that_ends_the_process_on_import_is_named(tmp_path):
    path = tmp_path / "plug_exit.py"
    path.write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(StrategyError, match=r"plug_exit\.py cannot be imported: SystemExit: 0"):
        strategies.load_plugin(str(path))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 1 / signals.epoch, 1.0", "plug_fails.py, line 5: ZeroDivisionError: division by zero"),
        ("raise ValueError('two\\nlines')", "plug_fails.py, line 5: ValueError: two lines"),
        ("return 0.5", "weights() returns 0.5; it must return (w_l2, w_mgiou)"),
        ("return 0.5, 0.3, 0.2", "weights() returns (0.5, 0.3, 0.2); it must"),
        ("return 0.5, None", "weights() returns (0.5, None); it must"),
        ("return signals.gram[0], 1.0", "each a number or a 0-dim tensor"),
        ("return (1.0, 1.0) if signals.epoch else (0.0, 0.0)", "(0, 0) at 0% of a run; they must be"),
        ("return 1.0, -0.5", "(1, -0.5) at 0% of a run; they must be"),
        (
            "return 1.0, 1.0\n    def alpha_at(self, signals):\n        return 1 + signals.progress",
            "its alpha is 1.05 at 5% of a run; it must lie between 0 and 1",
        ),
    ],
)
def test_a_strategy_whose_code_fails_or_returns_something_else_is_one_line_that_says_where(tmp_path, body, message):
    path = tmp_path / "plug_fails.py"
    path.write_text(
        "from strategies import Strategy, register\n@register('test-fails')\nclass Fails(Strategy):\n"
        f"    def weights(self, signals):\n        {body}\n"
    )
    try:
        strategies.load_plugin(str(path))
        with pytest.raises(StrategyError) as caught:
            strategies.parse("test-fails")
    finally:
        strategies.registry._registry.pop("test-fails", None)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_text_for_one_strategy_is_read_as_such_and_by_what_is_registered_then():
    assert strategies.parse_one("static[alpha=[0.1]]").label == "static[alpha=0.1]"
    with pytest.raises(StrategyError, match=r"^static\[alpha=\[0.1,0.5\]\] is 2 strategies; name one$"):
        strategies.parse_one("static[alpha=[0.1,0.5]]")
    found = []
    for _ in range(2):

        class Half(strategies.Mix):
            def alpha_at(self, signals):
                return 0.5

        try:
            found.append((strategies.register("test-one")(Half), strategies.parse_one("test-one")))
        finally:
            strategies.registry._registry.pop("test-one", None)
    assert [type(one) for _, one in found] == [cls for cls, _ in found]


def test_a_package_registers_through_the_entry_point_group_that_the_readme_names(tmp_path):
    (tmp_path / "a_package.py").write_text(
        "from strategies import Mix, register\n"
        "@register('test-packaged')\n"
        "class Packaged(Mix):\n"
        "    def alpha_at(self, signals):\n"
        "        return 0.5\n"
    )
    info = tmp_path / "a_package-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: a-package\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[hybridloss.strategies]\npackaged = a_package\n")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", "import strategies; print(strategies.build('test-packaged').label)"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "test-packaged\n"), done.stderr
