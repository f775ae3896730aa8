"""What a comparison says: a verdict, how close it was, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np


class Verdict(StrEnum):
    """Who is outside the bound."""

    AGREE = "agree"
    KERAS_OFF = "keras off"
    SCRATCH_OFF = "scratch off"
    BOTH_OFF = "both off"


class Channel(StrEnum):
    """What was compared: float64 against float64, float32 against the float64 oracle, bits, or texts."""

    C64 = "C64"
    C32 = "C32"
    Z = "Z"
    TEXT = "text"


@dataclass(frozen=True)
class Agreement:
    """The result of one comparison.

    Attributes:
        verdict: who is outside the bound.
        channel: the channel that decided; of an agreement, the one that came closest to its limit.
        max_error: largest |scratch - reference| over all finite elements.
        ratio: largest observed error / bound, 1.0 being the limit; inf where a bound of 0 was not kept.
        where: index of that element in its output; empty where there is none.
        output: number of the output it belongs to.
        expected, got: what the channel asked for at that element, and what was there: numbers or texts.
        ulp: |scratch - reference| there in units in the last place of the reference: for reading, no criterion.
        layer: how messages name the layer.
        reason: what is wrong, in words; empty where nothing is.
        size: elements compared.
        unconstrained: elements on which no bound is possible (overflow within the computation, say).
    """

    verdict: Verdict
    channel: Channel = Channel.C32
    max_error: float = 0.0
    ratio: float = 0.0
    where: tuple[int, ...] = ()
    output: int = 0
    expected: float | str = float("nan")
    got: float | str = float("nan")
    ulp: float = 0.0
    layer: str = ""
    reason: str = ""
    size: int = 0
    unconstrained: int = 0

    @property
    def agrees(self) -> bool:
        """Whether nobody is outside the bound."""
        return self.verdict is Verdict.AGREE

    def __str__(self) -> str:
        head = f"{self.layer}: {self.verdict} ({self.channel}"
        if self.agrees:
            return f"{head}, {self.ratio:.3g} of the bound)"
        place = f" at {self.where} of output {self.output}" if self.where else ""
        said = f"{head}): {self.reason}{place}: expected {self.expected!r}, got {self.got!r}"
        if self.channel is Channel.TEXT:
            return said
        return f"{said}, {self.ratio:.3g} times the bound, {self.ulp:.3g} ulp"

    def as_dict(self) -> dict[str, Any]:
        """All of it in types that JSON has; numbers that it lacks become "nan", "inf" and "-inf"."""
        return {"agrees": self.agrees, **{key: _plain(value) for key, value in asdict(self).items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Agreement":
        """The agreement that `as_dict` wrote."""
        given = {key: value for key, value in values.items() if key != "agrees"}
        given["verdict"], given["channel"] = Verdict(given["verdict"]), Channel(given["channel"])
        of_texts = given["channel"] is Channel.TEXT and given["verdict"] is not Verdict.AGREE
        for key in ("max_error", "ratio", "ulp", *(() if of_texts else ("expected", "got"))):
            given[key] = float(given[key])
        return cls(**{**given, "where": tuple(given["where"])})


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def combine(agreements: Sequence[Agreement]) -> Agreement:
    """One agreement for a whole model: its first layer that is wrong, or else the one nearest to its limit.

    Args:
        agreements: one for each call of a layer, in the order of the model.

    Raises:
        ValueError: none were given; nothing compared is no agreement.
    """
    if not agreements:
        raise ValueError("combine: expected one agreement or more, got none")
    for agreement in agreements:
        if not agreement.agrees:
            return agreement
    return max(agreements, key=lambda agreement: agreement.ratio)
