"""One array against exact values and bounds: the policy for every kind of number.

For an observed y, the exact value o and the bound E, elementwise:

==========================  =============================================================================
o and E finite              y must be finite, and |y - o| <= E. A NaN or an infinity is outside any bound.
E infinite                  no bound is possible (overflow on the way, or a documented difference): any y will
                            do, and the element is counted as unconstrained.
o NaN, E = 0                y must be NaN.
o infinite, E = 0           y must be the same infinity.
o = 0                       the sign of a zero is not compared: -0 equals 0 (TensorFlow's relu(-0.) is -0).
below the normal range      E has room for a flush to zero: TensorFlow flushes, NumPy does not.
E NaN                       is outside: a rule that cannot say its bound has none to offer.
==========================  =============================================================================

Shapes and dtypes must be equal, and there must be something to compare.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arithmetic import Approx

Array = NDArray[Any]


@dataclass(frozen=True)
class Deviation:
    """The worst element of a comparison.

    Attributes:
        ratio: |observed - exact| / bound there: up to 1 is within, inf where nothing but equality would do.
        where: its index.
        expected, got: the two numbers.
        reason: what is wrong, in words; empty if nothing is.
        unconstrained: elements without a bound.
        output: number of the output it belongs to.
    """

    ratio: float = 0.0
    where: tuple[int, ...] = ()
    expected: float = float("nan")
    got: float = float("nan")
    reason: str = ""
    unconstrained: int = 0
    output: int = 0

    @property
    def within(self) -> bool:
        """Whether every element is within its bound."""
        return not self.reason and self.ratio <= 1


def deviation(observed: Array, approx: Approx, factor: float = 1.0) -> Deviation:
    """The element of `observed` that is farthest from the exact value, in units of `factor` times its bound."""
    observed = np.asarray(observed)
    if observed.shape != np.shape(approx.value):
        return Deviation(np.inf, reason=f"shape {observed.shape}, expected {np.shape(approx.value)}")
    if observed.size == 0:
        return Deviation(np.inf, reason=f"nothing to compare: shape {observed.shape}")
    with np.errstate(all="ignore"):  # infinities among the numbers
        ratios = _ratios(observed.astype(np.float64), np.asarray(approx.value, np.float64), approx.error * factor)
    where = tuple(map(int, np.unravel_index(np.argmax(ratios), ratios.shape)))
    expected, got, ratio = float(approx.value[where]), float(observed[where]), float(ratios[where])
    return Deviation(
        ratio, where, expected, got, _reason(expected, got, ratio), int(np.isposinf(approx.error).sum())
    )


def _ratios(observed: Array, expected: Array, bound: Array) -> Array:
    """|observed - expected| / bound by the policy above; inf where nothing but the same number would do."""
    same = (observed == expected) | (np.isnan(observed) & np.isnan(expected))
    error = np.abs(observed - expected)
    ratio = np.divide(error, bound, out=np.full(error.shape, np.inf), where=bound > 0)
    ratio = np.where(np.isfinite(observed) & np.isfinite(expected) & ~np.isnan(bound), ratio, np.inf)
    ratio = np.where(same & ~np.isnan(bound), 0.0, ratio)
    return np.where(np.isposinf(bound), 0.0, ratio)


def _reason(expected: float, got: float, ratio: float) -> str:
    if ratio <= 1:
        return ""
    if np.isnan(got) != np.isnan(expected):
        return "NaN where a number was expected" if np.isnan(got) else "a number where NaN was expected"
    if np.isinf(got) or np.isinf(expected):
        return "an infinity on one side only"
    return "outside the bound"


def worst(deviations: list[Deviation]) -> Deviation:
    """The worst of several outputs, with the unconstrained elements of all."""
    chosen = max(deviations, key=lambda each: (bool(each.reason), each.ratio))
    return Deviation(
        chosen.ratio,
        chosen.where,
        chosen.expected,
        chosen.got,
        chosen.reason,
        sum(each.unconstrained for each in deviations),
        deviations.index(chosen),
    )


def compare(observed: list[Array], approx: list[Approx], factor: float = 1.0) -> Deviation:
    """The worst of all outputs of a call; another number of outputs is outside."""
    if len(observed) != len(approx) or not observed:
        return Deviation(np.inf, reason=f"{len(observed)} outputs, expected {len(approx)}")
    return worst([deviation(*pair, factor) for pair in zip(observed, approx, strict=True)])
