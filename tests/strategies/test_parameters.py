"""What a class declares: defaults are taken as given values are, and a slip is one line that says where."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
import torch

import strategies
from strategies import Mix, Signals, StrategyError, contract

from .registering import registered


@contextlib.contextmanager
def plugged(path, source, *lines):
    """Write a plug-in, load it, and take back what it registered."""
    path.write_text("\n".join((source, *lines)) + "\n")
    before = set(strategies.names())
    try:
        yield strategies.load_plugin(str(path))
    finally:
        for name in set(strategies.names()) - before:
            strategies.registry._registry.pop(name)


HEAD = "from strategies import Mix, Stage, register"
ALPHA = "    def alpha_at(self, signals): return 0.45 + 0.1 * signals.progress"


@pytest.mark.parametrize("name", strategies.names())
def test_a_parameter_that_is_set_by_its_value_alone_is_the_default_of_every_instance(name):
    """As in `normalization = "gradient"`: a dataclass would set the base's default on every instance."""
    cls = strategies.get(name)
    for parameter in dataclasses.fields(cls):
        kind = type(parameter.default)
        other = {"normalization": "gradient", "schedule": "step", "by": "l2", "of": "l2"}.get(
            parameter.name, {bool: True, float: 0.05, tuple: ((0.2, 0.8),)}.get(kind)
        )
        with registered(type("Bent", (cls,), {parameter.name: other, "__module__": __name__})):
            bent = strategies.build("test-only")
            assert bent.parameters() == {**strategies.build(name).parameters(), parameter.name: other}
            assert contract.parameters_rebuild_it(bent) is None
            changed = strategies.build("test-only", {parameter.name: parameter.default})
            assert getattr(changed, parameter.name) == parameter.default


def test_so_is_one_that_comes_from_what_the_class_is_mixed_with():
    class Normalised:
        normalization = "gradient"

    class Mixed(Normalised, strategies.get("cosine")):
        end = 0

    with registered(Mixed):
        assert strategies.build("test-only").parameters() == {"normalization": "gradient", "start": 1, "end": 0}


def test_what_is_set_by_its_value_alone_is_trained_with():
    class Bent(Mix):
        normalization = "gradient"

        def alpha_at(self, signals):
            return 1 - signals.progress**2

    with registered(Bent):
        bent = strategies.build("test-only")
        signals = Signals(1, 2, torch.tensor(0.5), torch.tensor(0.3), torch.tensor([[4.0, 0.0], [0.0, 1.0]]))
        signals = dataclasses.replace(signals, state=bent.observe(signals))
        assert [float(w) for w in bent.weights(signals)] == [0.75, 0.5]
        assert strategies.open_loop_weights(bent, 4) is None


def test_a_default_is_the_value_that_is_given_for_it():
    """Otherwise `start: float = 1` is one strategy by itself, and another from its own record."""

    class Whole(Mix):
        start: float = 1
        knots: tuple[float, ...] = [1, 0]

        def alpha_at(self, signals):
            return self.start

    with registered(Whole):
        plain, given = strategies.build("test-only"), strategies.build("test-only", {"start": 1})
        assert (repr(plain.start), repr(plain.knots)) == ("1.0", "(1.0, 0.0)")
        assert repr(plain.parameters()) == repr(given.parameters())
        assert plain.label == given.label == "test-only"


@pytest.mark.parametrize(
    ("lines", "line", "told"),
    [
        (["    start: flaot = 0.5"], 3, "a parameter's type cannot be read: name 'flaot' is not defined"),
        (["    start: float"], 3, "its parameter start has no default; give it one, as in `start: float = 0.8`"),
        (["    start: float = '0.5x'"], 3, "start='0.5x': expected float, got str"),
        (["    start: int = True"], 3, "start=True: expected int, got bool"),
        (["    start: float = float('inf')"], 3, "start=inf: must be a finite number"),
        (["    start: float | None = None"], 3, "start=None: declared as float | None; declare it as bool, int, float"),
        (
            ["    knots: list = [0.5]"],
            3,
            "knots=[0.5]: declared as list; declare it as bool, int, float, str or a tuple",
        ),
        (["    normalization = 1"], 3, "normalization=1: expected str, got int"),
        (["    def __init__(self, start=0.8): self.start = start"], 3, "it has an __init__; declare parameters"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_one_line_that_says_where(tmp_path, lines, line, told):
    path = tmp_path / "slip.py"
    source = (f"from __future__ import annotations\n{HEAD}\n@register('test-slip')\nclass Slip(Mix):", *lines, ALPHA)
    with pytest.raises(StrategyError) as caught, plugged(path, *source):
        pass
    assert f"'test-slip', {path}, line {line}: {told}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "line", "told"),
    [
        (["    start: float = 0.5", "    def __post_init__(self): raise ValueError('no share')", ALPHA], 5, "no share"),
        (["    start: float = 0.5", "    def __post_init__(self): self.start = 1.0", ALPHA], 5, "FrozenInstanceError"),
        (["    def alpha(self, signals): return 0.5"], 2, "override alpha_at(self, signals)"),
        (["    def alpha_at(self, signals): return signals.loss_l2.reshape(7)"], 4, "RuntimeError: shape"),
        (["    def stages(self): return (Stage(0.5))", ALPHA], 2, "must return a tuple of stages, as in (Stage(0.5),)"),
        (["    def stages(self): return 0.5, 0.7", ALPHA], 2, "must return a tuple of stages, as in (Stage(0.5),)"),
        (["    def stages(self): return Stage(0.5), Stage(0.2)", ALPHA], 2, "its stages begin at [0.5, 0.2]"),
        (["    def stages(self): return (Stage(0.5, lr=-1.0),)", ALPHA], 2, "at 0.5 has lr=-1; it must be positive"),
        (["    def stages(self): return (Stage(0.5, lr=0.0),)", ALPHA], 2, "at 0.5 has lr=0; it must be positive"),
        (["    forms = ('paper')", ALPHA], 2, "forms is 'paper'; it must be a tuple, ('paper',)"),
        (["    forms = ('papre',)", ALPHA], 2, "forms is ('papre',); it must be a tuple, ('paper',)"),
    ],
)
def test_code_that_cannot_be_used_is_one_line_that_says_where(tmp_path, lines, line, told):
    path = tmp_path / "slip.py"
    with plugged(path, HEAD, "@register('test-slip')", "class Slip(Mix):", *lines):
        with pytest.raises(StrategyError) as caught:
            strategies.build("test-slip")
        assert told in str(caught.value)
        assert f"{path}, line {line}" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("base", ["static", "cosine", "adaptive", "exponential", "hybrid"])
@pytest.mark.parametrize("observing", [True, False])
def test_an_unknown_normalisation_is_refused_whatever_a_subclass_overrides(base, observing):
    """A `validate` of its own that does not ask the base's must not turn a slip into a run without normalisation."""
    own = {"validate": lambda self: None, "alpha_at": lambda self, signals: 0.5, "__module__": __name__}
    if observing:
        own["observe"] = lambda self, signals: signals.state
    with registered(type("Careless", (strategies.get(base),), own)):
        with pytest.raises(StrategyError) as caught:
            strategies.build("test-only", {"normalization": "gradeint"})
        told = "test-only[normalization=gradeint]: normalization='gradeint' is unknown; use one of none, constant"
        assert str(caught.value).startswith(told)


@pytest.mark.parametrize("name", ["late[v2]", "late]", "a,b", "", " late"])
def test_a_name_that_could_not_be_asked_for_is_refused(name):
    with pytest.raises(StrategyError, match="a name is not empty and holds no bracket or comma"):
        strategies.register(name)(type("Late", (Mix,), {}))


def test_registering_without_a_name_is_told():
    """`@register` alone would register nothing, and put a function in the place of the class."""
    with pytest.raises(StrategyError, match=r'Late is registered without a name; write @register\("name"\)'):
        strategies.register(type("Late", (Mix,), {}))
