"""What every strategy must do, as checks that run on anyone's: `python -m bench check my_package.my_strategy`."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import io
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from strategies.base import Strategy
from strategies.errors import StrategyError
from strategies.registry import build, names
from strategies.signals import Signals, State
from strategies.usable import check_forms, check_stages, check_step

EPOCHS, STEPS = 20, 3
LENGTHS = (1, 2, EPOCHS, 300)
"""Epochs of the runs in which weights are looked at."""

Row = tuple[float, float, float]
"""alpha, w_l2, w_mgiou of one step."""
Check = Callable[[Strategy], None]


class Broken(Exception):
    """A strategy breaks its contract. The text says how."""


def made_up_run(start: int = 0, epochs: int = EPOCHS) -> Iterator[Signals]:
    """Yield the signals of a made-up run from epoch `start` on, without state.

    The losses fall; the ratio of the gradients' norms wanders over three decades.
    """
    for epoch in range(start, epochs):
        for step in range(STEPS):
            ratio = 10 ** (-3 + 3 * ((epoch * STEPS + step) % 17) / 16)
            gram = torch.tensor([[1.0, 0.3 * ratio], [0.3 * ratio, ratio**2]])
            share = epoch / epochs
            yield Signals(epoch, epochs, torch.tensor(0.9 - 0.6 * share), torch.tensor(0.4 - 0.2 * share), gram)


def another_run() -> Iterator[Signals]:
    """Yield the signals of a run with other losses, in which each gradient vanishes now and then."""
    for number, signals in enumerate(made_up_run()):
        gram = signals.gram.clone()
        gone = (None, 0, 1)[number % 3]
        if gone is not None:
            gram[gone, :] = gram[:, gone] = 0
        yield dataclasses.replace(signals, loss_l2=1 - signals.loss_l2, loss_mgiou=1 - signals.loss_mgiou, gram=gram)


def walk(strategy: Strategy, run: Iterable[Signals], state: State | None = None) -> Iterator[Signals]:
    """Yield the signals of a run as `weights` sees them: with what the strategy remembers by then."""
    state = state or {}
    for bare in run:
        state = strategy.observe(dataclasses.replace(bare, state=state))
        yield dataclasses.replace(bare, state=state)


def trajectory(
    strategy: Strategy, run: Iterable[Signals] | None = None, state: State | None = None
) -> tuple[list[Row], State]:
    """Return what a strategy does over a run, the made-up one by default, and the state it ends with."""
    rows, state = [], state or {}
    for signals in walk(strategy, made_up_run() if run is None else run, state):
        w_l2, w_mgiou = strategy.weights(signals)
        rows.append((float(strategy.alpha_at(signals)), float(w_l2), float(w_mgiou)))
        state = signals.state
    return rows, state


def weights_are_usable(strategy: Strategy) -> None:
    """Weights are finite, not negative and not both zero, alpha lies in [0, 1]: in runs of any length."""
    for epochs in LENGTHS:
        _usable(strategy, made_up_run(epochs=epochs), f"of {epochs}")


def gradients_may_vanish(strategy: Strategy) -> None:
    """So they are where one of the two gradients is 0."""
    _usable(strategy, another_run(), "of a run in which gradients vanish now and then")


def _usable(strategy: Strategy, run: Iterable[Signals], of: str) -> None:
    for signals in walk(strategy, run):
        _held(check_step, strategy, signals, f"in epoch {signals.epoch} {of}")


def _held(rule: Callable[..., None], *what: Any) -> None:
    try:
        rule(*what)
    except StrategyError as error:
        raise Broken(str(error)) from None


def forms_are_known(strategy: Strategy) -> None:
    """Its forms are some of those that there are; without any, MGIoU has no weight."""
    _held(check_forms, strategy)
    if not strategy.forms and any(w_mgiou for *_, w_mgiou in trajectory(strategy)[0]):
        raise Broken("forms is empty, and MGIoU has a weight; name the forms that it is meant for")


def role_is_known(strategy: Strategy) -> None:
    """Its role is one of those that there are; where it is about another strategy, a parameter says about which."""
    if strategy.role not in Strategy.ROLES:
        known = ", ".join(map(repr, Strategy.ROLES))
        raise Broken(f"role is {strategy.role!r}; it must be one of {known}")
    if strategy.role in ("rescue", "control") and strategy.about not in strategy.parameters():
        raise Broken(f"about is {strategy.about!r}; a {strategy.role} must name the parameter that says of which it is")


def weights_are_pure(strategy: Strategy) -> None:
    """The same signals give the same weights, and neither they nor the strategy is written to."""
    before = pickle.dumps(strategy.parameters())
    walks = []
    for seed in range(2):
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            walks.append(trajectory(strategy)[0])
    if walks[0] != walks[1]:
        raise Broken("two walks over the same run differ; weights may depend on signals and their state alone")
    if pickle.dumps(strategy.parameters()) != before:
        raise Broken("it changed its own parameters; what it must remember goes through observe()")
    state: State = {}
    for bare in made_up_run():
        state = _unwritten(strategy.observe, dataclasses.replace(bare, state=state))
        seen = dataclasses.replace(bare, state=state)
        _unwritten(strategy.weights, seen)
        _unwritten(strategy.alpha_at, seen)


def _unwritten(method: Callable[[Signals], Any], signals: Signals) -> Any:
    """Return what a method makes of signals, which it must leave as they are."""
    kept = copy.deepcopy(signals)
    made = method(signals)
    if not _same(vars(kept), vars(signals)):
        changed = ", ".join(name for name, value in vars(kept).items() if not _same(value, getattr(signals, name)))
        raise Broken(f"{method.__name__}() wrote into signals.{changed}; make new tensors and a new mapping")
    return made


def _same(one: Any, other: Any) -> bool:
    """Return whether two values, or mappings of them, are the same to the bit; NaN is the same as NaN."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
    return type(one) is type(other) and one == other


def steps_do_not_wait(strategy: Strategy) -> None:
    """A step asks for no tensor's value, which would wait for a GPU, and puts no tensor beside another device's."""
    state: State = {}
    for epoch in (0, 0, EPOCHS // 2, EPOCHS - 1):
        scalars = torch.empty(2, device="meta")  # shapes without values: what needs one fails
        signals = Signals(epoch, EPOCHS, scalars[0], scalars[1], torch.empty(2, 2, device="meta"), state)
        try:
            state = strategy.observe(signals)
            signals = dataclasses.replace(signals, state=state)
            strategy.weights(signals)
            strategy.alpha_at(signals)
        except Exception as error:
            if "Could not run" in str(error):  # an operation that torch has not for shapes alone
                return
            told = str(error).partition("\n")[0]
            raise Broken(
                f"it needs a tensor's value, or one on another device, in a step ({told}); use torch.where"
            ) from None


def end_points_are_hit(strategy: Strategy) -> None:
    """Alpha begins and ends where the strategy says it does."""
    promised = strategy.end_points()
    if promised is None:
        return
    first = next(made_up_run())
    found = []
    for epoch in (0, EPOCHS):  # the second is where the schedule would arrive after the last epoch
        signals = dataclasses.replace(first, epoch=epoch)
        signals = dataclasses.replace(signals, state=strategy.observe(signals))
        found.append(float(strategy.alpha_at(signals)))
    if any(abs(a - b) > 1e-6 for a, b in zip(found, promised, strict=True)):
        raise Broken(f"alpha goes from {found[0]:g} to {found[1]:g}, and end_points() promises {promised}")


def state_survives(strategy: Strategy) -> None:
    """State is named tensors; saved, loaded and resumed, the run goes on as if it had never stopped."""
    whole, _ = trajectory(strategy)
    half = EPOCHS // 2
    state: State = {}
    for bare in made_up_run():
        if bare.epoch == half:
            break
        state = strategy.observe(dataclasses.replace(bare, state=state))
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise Broken(f"its state holds {name}, a {type(value).__name__}; keep tensors")
    buffer = io.BytesIO()
    try:
        torch.save(dict(state), buffer)
        buffer.seek(0)
        loaded = torch.load(buffer, weights_only=True)
    except (pickle.PickleError, TypeError, AttributeError) as error:
        raise Broken(f"its state does not survive torch.save ({error}); keep tensors") from None
    trajectory(strategy, another_run())  # what is remembered elsewhere is now of this one
    if trajectory(strategy, made_up_run(half), loaded)[0] != whole[half * STEPS :]:
        raise Broken("resumed at half time it goes on differently; keep everything it remembers in its state")


def empty_batches_change_nothing(strategy: Strategy) -> None:
    """A batch that matched no object leaves the state as it was, once there is one."""
    _, state = trajectory(strategy)
    zero = torch.tensor(0.0)
    after = strategy.observe(Signals(EPOCHS - 1, EPOCHS, zero, zero, torch.zeros(2, 2), copy.deepcopy(state)))
    if not _same(state, after):
        raise Broken("a batch without a match (gram all zero) changed its state; see strategies.ema's `valid`")


def parameters_rebuild_it(strategy: Strategy) -> None:
    """Its name and parameters, as a record keeps them, make the same strategy again."""
    if build(strategy.name, strategy.parameters()) != strategy:
        raise Broken("built again from its own parameters it is another; every parameter must be a field")


def stages_lie_within_the_run(strategy: Strategy) -> None:
    """Later stages begin in order, within the run, and learn."""
    _held(check_stages, strategy)


def no_other_does_the_same(strategy: Strategy) -> None:
    """No other strategy of `--all` gives the same weights with the same stages in the same forms."""
    if not strategy.core:
        return
    own = (strategy.forms, strategy.stages(), trajectory(strategy)[0])
    for name in names(core=True):
        with contextlib.suppress(StrategyError):  # of another that cannot be built, which is told where that is checked
            other = build(name)
            if name != strategy.name and own == (other.forms, other.stages(), trajectory(other)[0]):
                raise Broken(f"it does what {name!r} does; one of the two is enough")


CHECKS: tuple[Check, ...] = (
    weights_are_usable,
    gradients_may_vanish,
    forms_are_known,
    role_is_known,
    weights_are_pure,
    steps_do_not_wait,
    end_points_are_hit,
    state_survives,
    empty_batches_change_nothing,
    parameters_rebuild_it,
    stages_lie_within_the_run,
    no_other_does_the_same,
)
"""In the order they are run."""


def failures(strategy: Strategy) -> dict[str, str]:
    """Run every check; return what failed, by the check's name."""
    found = {}
    for check in CHECKS:
        try:
            check(strategy)
        except Broken as error:
            found[check.__name__] = str(error)
        except Exception as error:
            found[check.__name__] = f"{type(error).__name__}: {error}"
    return found
