"""What a claim says, as data: quantities of runs, the region they are said to lie in, and how parts combine."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from bench.arm_name import arm_name


@dataclass(frozen=True)
class Arm:
    """The runs of one strategy in one MGIoU form.

    Attributes:
        label: as `Strategy.label` writes it, parameters that differ from the defaults in brackets.
        form: None where the strategy gives MGIoU no weight.
    """

    label: str
    form: str | None = "paper"

    @property
    def name(self) -> str:
        """Label, and the form where it is not the paper's."""
        return arm_name(self.label, None if self.form == "paper" else self.form)


@dataclass(frozen=True)
class Group:
    """Several arms as one: at each seed, the mean (or the lowest) of what they have there."""

    arms: tuple[Arm, ...]
    reduce: Literal["mean", "min"] = "mean"

    @property
    def name(self) -> str:
        """The reduction and the arms."""
        if len(self.arms) == 1:
            return self.arms[0].name
        return f"{self.reduce}({', '.join(arm.name for arm in self.arms)})"


@dataclass(frozen=True)
class Region:
    """The open interval (low, high) that a quantity is said to lie in."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def text(self) -> str:
        """`> 0.5`, `< 0` or `between 0.5 and 0.8`."""
        if self.high == math.inf:
            return f"> {self.low:g}"
        if self.low == -math.inf:
            return f"< {self.high:g}"
        return f"between {self.low:g} and {self.high:g}"

    def holds(self, value: float) -> bool:
        """Whether a number known without error lies in it."""
        return self.low < value < self.high


@dataclass(frozen=True)
class Term:
    """A number times a quantity of an arm or group."""

    factor: float
    quantity: str
    of: Group


@dataclass(frozen=True)
class Contrast:
    """A sum of terms, taken at each seed that all of them have; its mean is said to lie in a region (Student's t)."""

    terms: tuple[Term, ...]
    region: Region


@dataclass(frozen=True)
class Rate:
    """The share of an arm's runs in which an event happens is said to lie in a region (exact binomial test)."""

    event: str
    arm: Arm
    region: Region


@dataclass(frozen=True)
class RateOrder:
    """An event is said to be rarer in the runs of one group than in those of another.

    The unit is the seed, since the runs of one may share all that is random, or epochs that were trained once: the
    share of a group's runs in which the event happens, at each seed that all arms of both groups have, and the paired
    difference of the two (sign-flip test).
    """

    event: str
    rarer: Group
    commoner: Group


@dataclass(frozen=True)
class Fact:
    """A number that needs no run, since it follows from the losses alone: where `bench probe` has it.

    Attributes:
        text: what it is.
        path: keys and indices into `Landscape.to_dict()`.
        per: a second path to divide by; empty for none.
        region: where it is said to lie.
    """

    text: str
    path: tuple[str | int, ...]
    region: Region
    per: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class All:
    """True when every part is."""

    parts: tuple[Statement, ...]


@dataclass(frozen=True)
class Some:
    """True when at least one part is."""

    parts: tuple[Statement, ...]


Leaf = Contrast | Rate | RateOrder | Fact
Statement = Leaf | All | Some


@dataclass(frozen=True)
class Claim:
    """A hypothesis, declared before the runs that judge it.

    Attributes:
        key: short and stable.
        topic: the heading it stands under.
        text: what people say.
        statement: the same as something that can be tested.
        note: how the text was made testable, where that was a choice.
        in_full: the text in words that need no other claim beside it; empty where it does not. What is declared is the
            text: this is in no hash, and may be put better at any time.
    """

    key: str
    topic: str
    text: str
    statement: Statement
    note: str = ""
    in_full: str = field(default="", repr=False)  # the hash of all claims is of their reprs

    @property
    def shown(self) -> str:
        """What people say, where the claim stands by itself: filtered, sorted or quoted."""
        return self.in_full or self.text

    def leaves(self) -> tuple[Leaf, ...]:
        """Return the statement's parts that are tested one by one, in order."""
        return leaves(self.statement)

    def arms(self) -> tuple[Arm, ...]:
        """Return the arms whose runs it needs, each once."""
        return tuple(dict.fromkeys(arm for leaf in self.leaves() for arm in arms_of(leaf)))


def leaves(statement: Statement) -> tuple[Leaf, ...]:
    """Return the parts of a statement that are tested one by one, in order."""
    if isinstance(statement, All | Some):
        return tuple(leaf for part in statement.parts for leaf in leaves(part))
    return (statement,)


def arms_of(leaf: Leaf) -> tuple[Arm, ...]:
    """Return the arms whose runs a part of a claim needs."""
    if isinstance(leaf, Contrast):
        return tuple(arm for term in leaf.terms for arm in term.of.arms)
    if isinstance(leaf, Rate):
        return (leaf.arm,)
    if isinstance(leaf, RateOrder):
        return leaf.rarer.arms + leaf.commoner.arms
    return ()
