"""What a label says is read again as the same strategy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strategies
from strategies.text import split


@pytest.fixture(scope="module")
def worded():
    """Register a strategy whose parameters are words; it is gone afterwards."""

    @strategies.register("test-worded", core=False)
    class Worded(strategies.Mix):
        mode: str = "a"
        modes: tuple[str, ...] = ("a",)
        cuts: tuple = (0.5,)

        def alpha_at(self, signals):
            return 0.5

    yield
    strategies.registry._registry.pop("test-worded")


WORDS = [
    "1",
    "on",
    "1e-5",
    "",
    " a",
    "a,b",
    "[a",
    "a]",
    "x=y",
    "#a",
    "a: b",
    "'a'",
    '"',
    "two\nlines",
    "@",
    "*a",
    "é",
    "~",
]
word = st.one_of(st.sampled_from(WORDS), st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=6))
number = st.one_of(st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False), st.booleans())


@given(mode=word, modes=st.lists(word, max_size=3), cuts=st.lists(st.one_of(number, word), max_size=3))
def test_a_label_is_read_again_whatever_its_words_are(worded, mode, modes, cuts):
    one = strategies.build("test-worded", {"mode": mode, "modes": modes, "cuts": cuts})
    assert strategies.parse(one.label) == [one]
    assert "\n" not in one.label
    assert strategies.parse(strategies.build("rescue", {"by": one.label, "at": 0.123456789}).label)[0].by == one.label


@pytest.mark.parametrize("mode", WORDS)
def test_so_are_those_that_mean_something_to_yaml(worded, mode):
    one = strategies.build("test-worded", {"mode": mode, "modes": [mode, mode]})
    assert strategies.parse(one.label) == [one]
    rescue = strategies.build("rescue", {"by": one.label})
    assert strategies.parse(rescue.label) == [rescue]


@pytest.mark.parametrize("at", [0.3, 0.4, 0.123456789, 1 / 3, 1e-7])
@pytest.mark.parametrize("by", ["cosine", "static[alpha=0.3]", "hybrid[schedule=linear,start=0.8]"])
def test_a_rescues_label_is_read_again(at, by):
    rescue = strategies.build("rescue", {"by": by, "at": at})
    assert strategies.parse(rescue.label) == [rescue]
    assert rescue.label.endswith(f"by={by}]")


def test_a_comma_in_quotes_parts_nothing():
    assert split("""a='b,c',d="e,\\"f",g=[1,'2,'],h=it's,i=1""") == [
        "a='b,c'",
        'd="e,\\"f"',
        "g=[1,'2,']",
        "h=it's",
        "i=1",
    ]
