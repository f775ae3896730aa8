"""How far implementations of an activation function may be from its true value.

An elementwise function is computed to within `units` · u · `size`, where u is the unit roundoff and `size` is
|phi(x)| for functions that keep their relative accuracy, or something larger where the usual formula cancels.
The units are 1.5 times the worst that was measured over Keras on TensorFlow and scratchnn, float32 and float64
apart; `python -m scratchnn.agreement.measure` measures them again on the machine it runs on. Functions that only
select, clip, add a constant or multiply by one have units from the number of their roundings.

An error of the argument moves the result by at most its range over [z - E, z + E]: the function is evaluated at
both ends and at the `turns` between them, the points where it is not monotone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import activations
from ..errors import UnsupportedError
from .arithmetic import Approx, Arithmetic, Array

Size = Callable[[Array, Array], Array]


def of_result(x: Array, phi: Array) -> Array:
    """|phi|: the function keeps its relative accuracy."""
    return np.abs(phi)


def plus_one(x: Array, phi: Array) -> Array:
    """|phi| + 1: numbers of size 1 are added on the way (exp(x) - 1, x + 3, 0.2 x + 0.5)."""
    return np.abs(phi) + 1


def plus_x(x: Array, phi: Array) -> Array:
    """|phi| + |x|: the result is a difference of numbers of the size of x."""
    return np.abs(phi) + np.abs(x)


def up_to_one(x: Array, phi: Array) -> Array:
    """|phi| + min(|x|, 1): where the function comes back to 0, it keeps the accuracy of numbers up to 1."""
    return np.abs(phi) + np.minimum(np.abs(x), 1)


def of_slope(x: Array, phi: Array) -> Array:
    """The same for the tangent, whose slope is 1 + phi²."""
    return up_to_one(x, phi) + np.square(phi)


@dataclass(frozen=True)
class Accuracy:
    """How accurately an elementwise function is computed.

    Attributes:
        units32, units64: the constant for float32 and for float64.
        size: what the units are relative to, from x and phi(x).
        turns: points between which the function is monotone.
        peak: the largest intermediate result, where that can overflow although the result does not.
        constant: relative effect of a constant that Keras on TensorFlow rounds to float32 in any dtype.
    """

    units32: float
    units64: float
    size: Size = of_result
    turns: tuple[float, ...] = ()
    peak: Callable[[Array], Array] | None = None
    constant: float = 0.0

    def units(self, arithmetic: Arithmetic) -> float:
        """The constant for a dtype; float16 is computed in float32 or worse, so it gets that constant."""
        return self.units64 if arithmetic.dtype == np.float64 else self.units32


# Function: units in float32 and float64 (1.5 times the worst measured, see `measure`), size, turns.
ACCURACY: dict[str, Accuracy] = {
    "linear": Accuracy(0, 0),
    "relu": Accuracy(0, 0),
    "relu6": Accuracy(0, 0),
    "hard_tanh": Accuracy(0, 0),
    "hard_shrink": Accuracy(0, 0),
    "leaky_relu": Accuracy(2, 2, turns=(0.0,), constant=1),
    "soft_shrink": Accuracy(2, 2),
    "hard_sigmoid": Accuracy(1, 1, plus_one),
    "legacy_hard_sigmoid": Accuracy(2, 2, plus_one),
    "sparse_sigmoid": Accuracy(1, 1, plus_one),
    "hard_silu": Accuracy(2, 2, plus_x, turns=(-3.0, -1.5)),
    "sparse_plus": Accuracy(6, 6),
    "softsign": Accuracy(3, 3),
    "squareplus": Accuracy(4, 4, plus_x, peak=np.square),
    "elu": Accuracy(2, 2, plus_one),
    "selu": Accuracy(3, 3, plus_one),
    "celu": Accuracy(3, 3, plus_one),
    "exponential": Accuracy(6, 8),
    "sigmoid": Accuracy(13, 16),
    "log_sigmoid": Accuracy(13, 16),
    "tanh": Accuracy(9, 24),
    "tanh_shrink": Accuracy(5, 5, plus_x),
    "softplus": Accuracy(13, 16),
    "silu": Accuracy(15, 18, turns=(-1.2784645427610738,)),
    "mish": Accuracy(13, 16, turns=(-1.1924312145406548,)),
    "gelu": Accuracy(3, 4, plus_x, turns=(-0.7517915246935645,), constant=0.2),
}
# The same for operations of a graph that are no activation function, by the name of their class.
OPERATIONS: dict[str, Accuracy] = {
    "Expm1": Accuracy(7, 7),
    "Log": Accuracy(6, 4),
    "Log1p": Accuracy(8, 6),
    "Log2": Accuracy(6, 4),
    "Log10": Accuracy(6, 6),
    "Sin": Accuracy(2, 2, up_to_one),
    "Cos": Accuracy(2, 2, plus_one),
    "Tan": Accuracy(2, 2, of_slope),
    "Sinh": Accuracy(5, 4),
    "Cosh": Accuracy(6, 4),
    "Arcsin": Accuracy(11, 3),
    "Arccos": Accuracy(7, 3),
    "Arctan": Accuracy(6, 7),
    "Arcsinh": Accuracy(4, 4),
    "Arccosh": Accuracy(4, 4),
    "Arctanh": Accuracy(4, 4),
    "Reciprocal": Accuracy(5, 5),
    "Erf": Accuracy(8, 6),
    "Gelu": Accuracy(4, 4, plus_x, constant=0.2),
}

_BY_FUNCTION = {function: name for name, function in reversed(activations.ACTIVATIONS.items())}


def function_name(activation: Any) -> str:
    """The name of an activation given by name, as a function, or as None.

    Raises:
        UnsupportedError: a function that is none of Keras's; nothing is known about its error.
    """
    function = activations.get(activation)
    if function not in _BY_FUNCTION:
        raise UnsupportedError(f"agreement: no bound is known for the activation {activation!r}")
    return _BY_FUNCTION[function]


def elementwise(
    arithmetic: Arithmetic,
    accuracy: Accuracy,
    function: Callable[[Array], Array],
    z: Approx,
    turns: tuple[float, ...] = (),
) -> Approx:
    """function(z) for a function that is monotone between its turns."""
    value = function(z.value)
    low, high = z.value - z.error, z.value + z.error
    points = [low, high, *(np.clip(turn, low, high) for turn in (*accuracy.turns, *turns))]
    values = [function(point) for point in points]
    spread = np.maximum.reduce([np.abs(other - value) for other in values])
    spread = np.where(low == high, 0.0, spread)  # infinite arguments too
    size = np.maximum(accuracy.size(low, np.abs(value) + spread), accuracy.size(high, np.abs(value) + spread))
    unit = accuracy.units(arithmetic) * arithmetic.unit + accuracy.constant * (
        arithmetic.constant_unit - arithmetic.unit
    )
    farthest = np.maximum(np.abs(low), np.abs(high))
    # x · sigmoid(x) and its like multiply a number by another that may have been flushed to zero.
    flush = 2 * arithmetic.tiny * (1 + farthest) * (size > 0)
    # TensorFlow compares numbers below the normal range as zeros: its relu(-1e-43) is -1e-43 (docs/findings.md).
    flush = flush + arithmetic.flushed(z.value)
    error = np.where(np.isinf(z.error), np.inf, spread + unit * size + flush)
    peak = None if accuracy.peak is None else accuracy.peak(farthest)
    return arithmetic.bounded(value, error, peak, np.isinf(z.error))


def activate(arithmetic: Arithmetic, activation: Any, z: Approx) -> Approx:
    """An activation function by name (or as a function, or None) of z.

    Raises:
        UnsupportedError: a function that is none of Keras's.
    """
    if isinstance(activation, activations.WithOptions):
        return _with_options(arithmetic, activation, z)
    name = function_name(activation)
    if name in ACCURACY:
        return elementwise(arithmetic, ACCURACY[name], activations.get(activation), z)
    return _ALONG_AXIS[name](arithmetic, z)


def _with_options(arithmetic: Arithmetic, activation: activations.WithOptions, z: Approx) -> Approx:
    """relu, leaky_relu or elu with options, which grow with x and have constants of the config.

    4 units: a difference from the threshold, the constant, and a product for relu; expm1's 2, the constant and a
    product for elu.
    """
    options = dict(activation.options)
    threshold, alpha = abs(options.get("threshold", 0.0)), abs(options.get("alpha", 0.0))
    slope = abs(options.get("negative_slope", 0.0))

    def size(x: Array, phi: Array) -> Array:
        return np.abs(phi) + alpha + slope * threshold

    # Where the threshold is rounded, the function may leave the slope a little earlier or later.
    moved = Approx(z.value, z.error + arithmetic.constant_unit * threshold)
    return elementwise(arithmetic, Accuracy(4, 4, size, turns=(0.0,), constant=1), activation, moved)


# Functions along the last axis.


def log_sum_exp_of_others(z: Array) -> Array:
    """log of the sum of exp(z_j) over all j != i along the last axis."""
    nothing = np.full_like(z[..., :1], -np.inf)
    before = np.logaddexp.accumulate(z, axis=-1)
    after = np.logaddexp.accumulate(z[..., ::-1], axis=-1)[..., ::-1]
    before = np.concatenate([nothing, before[..., :-1]], axis=-1)
    return np.logaddexp(before, np.concatenate([after[..., 1:], nothing], axis=-1))


def softmax(arithmetic: Arithmetic, z: Approx) -> Approx:
    """exp(z) over its sum: a rigorous interval, in which each z_j may move by its error.

    s_i = 1 / (1 + exp(L_i - z_i)) with L_i the log-sum-exp of the others falls with each z_j and grows with z_i.
    """
    value = activations.softmax(z.value)
    n, unit = z.value.shape[-1], arithmetic.unit
    moved = z.error + unit * (z.value.max(axis=-1, keepdims=True) - z.value)  # the maximum is taken off first
    low = 1 / (1 + np.exp(log_sum_exp_of_others(z.value + moved) - (z.value - moved)))
    high = 1 / (1 + np.exp(log_sum_exp_of_others(z.value - moved) - (z.value + moved)))
    spread = np.maximum(np.maximum(high - value, value - low), 0)
    units = 2 * ACCURACY["exponential"].units(arithmetic) + n + 3
    error = spread + units * unit * (value + spread) + (2 * n + 4) * arithmetic.tiny
    return _whole_rows(arithmetic, z, Approx(value, error))


def log_softmax(arithmetic: Arithmetic, z: Approx) -> Approx:
    """z less the log-sum-exp of its row, which moves by no more than the largest error of the row."""
    value = activations.log_softmax(z.value)
    n, unit = z.value.shape[-1], arithmetic.unit
    shift = z.value.max(axis=-1, keepdims=True)
    distance = np.abs(shift - z.value) + 1
    farthest = (z.error + unit * distance).max(axis=-1, keepdims=True)
    units = ACCURACY["exponential"].units(arithmetic) + n + 8
    error = z.error + farthest + units * unit * (distance + np.abs(value) + np.log(n)) + 8 * arithmetic.tiny
    return _whole_rows(arithmetic, z, Approx(value, error))


def sparsemax(arithmetic: Arithmetic, z: Approx) -> Approx:
    """max(z - tau, 0), where tau jumps with the size of the support: it may be of any size that errors allow."""
    value, n = activations.sparsemax(z.value), z.value.shape[-1]
    ordered = -np.sort(-z.value, axis=-1)
    sums, rank = np.cumsum(ordered, axis=-1), np.arange(1, n + 1)
    farthest = z.error.max(axis=-1, keepdims=True)
    total = np.sum(np.abs(z.value) + z.error, axis=-1, keepdims=True) + 1
    moved = farthest * n + arithmetic.gamma(2 * n + 6) * total + 4 * arithmetic.tiny
    margin = ordered - (sums - 1) / rank
    least = (margin > moved).sum(axis=-1, keepdims=True)
    most = (margin >= -moved).sum(axis=-1, keepdims=True)
    taus = (np.cumsum(sums, axis=-1) - 1) / rank
    possible = (rank >= np.maximum(least, 1)) & (rank <= np.maximum(most, 1))
    low = np.where(possible, taus, np.inf).min(axis=-1, keepdims=True)
    high = np.where(possible, taus, -np.inf).max(axis=-1, keepdims=True)
    # Rounding may leave no support at all, and the division by its size gives infinity.
    error = np.where(least > 0, moved + (high - low), np.inf)
    return _whole_rows(arithmetic, z, Approx(value, error + np.zeros_like(value)))


def glu(arithmetic: Arithmetic, z: Approx) -> Approx:
    """The first half times the sigmoid of the second."""
    half, gate = z.split(2)
    return arithmetic.multiply(half, activate(arithmetic, "sigmoid", gate))


def _whole_rows(arithmetic: Arithmetic, z: Approx, result: Approx) -> Approx:
    """One element without a bound leaves its whole row without: each takes part in all of them."""
    size = np.abs(z.value) + z.error
    free = np.any(arithmetic.overflows(size), axis=-1, keepdims=True)
    error = np.where(free & np.isfinite(result.value), np.inf, result.error)
    lost = np.broadcast_to(np.any(np.isinf(z.error), axis=-1, keepdims=True), error.shape)
    if not arithmetic.finite:
        error = np.where(np.any(~np.isfinite(z.value), axis=-1, keepdims=True) & ~lost, 0.0, error)
    return arithmetic.bounded(result.value, error, lost=lost)


_ALONG_AXIS: dict[str, Callable[[Arithmetic, Approx], Approx]] = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "sparsemax": sparsemax,
    "glu": glu,
}


def last_axes(axis: int | tuple[int, ...], z: Approx, change: Callable[[Approx], Approx]) -> Approx:
    """`change` along one axis or several, taken together as the last one."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    places = tuple(range(-len(axes), 0))
    moved = z.map(lambda array: np.moveaxis(array, axes, places))
    shape = moved.value.shape
    done = change(moved.reshape(*shape[: -len(axes)], -1)).reshape(shape)
    return done.map(lambda array: np.moveaxis(array, places, axes))
