"""Numbers with a bound on their error, and what float arithmetic does to both.

`Approx(value, error)` is an array that was computed exactly (in float64, that is) with a bound on how far an
implementation in the dtype under test can be from it. The methods of `Arithmetic` are the operations: each gives
the exact result and a bound that holds for whatever order and grouping the implementation uses, for numbers
flushed to zero below the normal range (TensorFlow does, NumPy does not), and that is infinite where an
intermediate result may overflow.

Source of gamma(n): N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..layers.base import Layer

Array = NDArray[Any]


# One over the square root: two roundings, or TensorFlow's own approximation (measured, see `measure`).
RSQRT_UNITS = 5.0


@dataclass(frozen=True)
class Approx:
    """A float64 array and, elementwise, how far the implementation under test may be from it.

    Attributes:
        value: what exact arithmetic gives.
        error: the bound, 0 or more; inf where there is none.
    """

    value: Array
    error: Array

    def __getitem__(self, index: Any) -> "Approx":
        return Approx(self.value[index], self.error[index])

    def reshape(self, *shape: Any) -> "Approx":
        """Both arrays in another shape."""
        return Approx(self.value.reshape(*shape), self.error.reshape(*shape))

    def map(self, change: Callable[[Array], Array]) -> "Approx":
        """A change of place (transpose, concatenate, repeat) done to both arrays."""
        return Approx(change(self.value), change(self.error))

    def split(self, parts: int) -> list["Approx"]:
        """Equal parts along the last axis."""
        pairs = zip(np.split(self.value, parts, -1), np.split(self.error, parts, -1), strict=True)
        return [Approx(*pair) for pair in pairs]


def join(parts: list[Approx], axis: int = -1) -> Approx:
    """Approximations one after the other along an axis."""
    values, errors = [part.value for part in parts], [part.error for part in parts]
    return Approx(np.concatenate(values, axis), np.concatenate(errors, axis))


def stack(parts: list[Approx], axis: int) -> Approx:
    """Approximations side by side along a new axis."""
    return Approx(np.stack([part.value for part in parts], axis), np.stack([part.error for part in parts], axis))


def where(condition: Array, yes: Approx, no: Approx) -> Approx:
    """Elementwise choice."""
    return Approx(np.where(condition, yes.value, no.value), np.where(condition, yes.error, no.error))


class Arithmetic:
    """The rounding of one float dtype.

    Args:
        dtype: float16, float32 or float64.
        finite: whether all inputs and weights of the computation are finite. A result that is not is then an
            overflow, on which no bound is possible; otherwise it is what infinity and NaN give.
        float32_constants: whether some constants are rounded to float32 although the dtype is float64, as Keras
            on TensorFlow does (docs/findings.md).

    Attributes:
        unit: the unit roundoff u, half of the distance from 1 to the next number.
        tiny: the smallest normal number; what is below may be flushed to zero.
        largest: the largest finite number.
    """

    def __init__(self, dtype: DTypeLike, finite: bool = True, float32_constants: bool = False) -> None:
        info = np.finfo(np.dtype(dtype))
        self.dtype, self.finite = np.dtype(dtype), finite
        self.unit, self.tiny, self.largest = float(info.eps) / 2, float(info.tiny), float(info.max)
        self.constant_unit = max(self.unit, 2.0**-24) if float32_constants else self.unit

    def gamma(self, n: Any) -> Any:
        """Relative error of n roundings in a row: n·u / (1 - n·u)."""
        return n * self.unit / (1 - n * self.unit)

    def exact(self, x: Any) -> Approx:
        """A number that the implementation was given; it may flush it to zero if it is below `tiny`."""
        value = np.asarray(x, np.float64)
        return Approx(value, self.flushed(value))

    def constant(self, x: Any) -> Approx:
        """A number from the config, which the implementation rounds to its dtype."""
        value = np.asarray(x, np.float64)
        return Approx(value, self.unit * np.abs(value) + self.flushed(value))

    def cast_constant(self, x: Any) -> Approx:
        """A number from the config that Keras casts to its dtype, on TensorFlow by way of float32."""
        value = np.asarray(x, np.float64)
        return Approx(value, self.constant_unit * np.abs(value) + self.flushed(value))

    def rounded_constant(self, x: float) -> float:
        """A number from the config in the dtype, by way of float32 where constants go through that."""
        return float(np.asarray(x, np.float32 if self.constant_unit > self.unit else self.dtype))

    def flushed(self, x: Array) -> Array:
        """|x| where x is below the normal range, else 0."""
        size = np.abs(x)
        return np.where(size < self.tiny, size, 0.0)

    def overflows(self, size: Array) -> Array:
        """Whether a number of that size may, by its last roundings, be no number of the dtype; NaN may."""
        return ~(size * (1 + 4 * self.unit) < self.largest)

    def bounded(self, value: Array, error: Array, peak: Array | None = None, lost: Array | None = None) -> Approx:
        """value with that error, or with none at all where something may have overflowed.

        Args:
            value: the exact result.
            error: its bound so far.
            peak: the largest size of any intermediate result, where that is not |value|.
            lost: where an operand had no bound, or finite terms may overflow: what meets there with an infinity of
                the input may be the opposite one.
        """
        size = np.abs(value) + error if peak is None else np.maximum(peak, np.abs(value) + error)
        free = self.overflows(size)
        if not self.finite:
            # Infinities and NaN of the input come through any arithmetic as they are, unless they meet overflow.
            exact = ~np.isfinite(value) if lost is None else ~np.isfinite(value) & ~lost
            return Approx(value, np.where(exact, 0.0, np.where(free, np.inf, error)))
        return Approx(value, np.where(free, np.inf, error))

    def rounded(
        self, value: Array, error: Array, units: float = 1.0, peak: Array | None = None, lost: Array | None = None
    ) -> Approx:
        """value with that error, after `units` further roundings (relative to the result)."""
        grown = error + self.gamma(units) * (np.abs(value) + error) + (units + 1) * self.tiny
        return self.bounded(value, grown, peak, lost)

    def add(self, a: Approx, b: Approx) -> Approx:
        """a + b."""
        return self.rounded(a.value + b.value, a.error + b.error, lost=_lost(a, b))

    def subtract(self, a: Approx, b: Approx) -> Approx:
        """a - b."""
        return self.rounded(a.value - b.value, a.error + b.error, lost=_lost(a, b))

    def multiply(self, a: Approx, b: Approx) -> Approx:
        """a · b."""
        error = np.abs(a.value) * b.error + np.abs(b.value) * a.error + a.error * b.error
        return self.rounded(a.value * b.value, error, lost=_lost(a, b))

    def divide(self, a: Approx, b: Approx) -> Approx:
        """a / b; without bound where b may be 0."""
        value, least = a.value / b.value, np.abs(b.value) - b.error
        error = np.where(least > 0, (a.error + np.abs(value) * b.error) / np.maximum(least, 1e-320), np.inf)
        return self.rounded(value, error, units=2, lost=_lost(a, b))

    def sqrt(self, a: Approx, units: float = 2.0) -> Approx:
        """The square root."""
        value = np.sqrt(a.value)
        low, high = np.sqrt(np.maximum(a.value - a.error, 0)), np.sqrt(a.value + a.error)
        return self.rounded(value, np.maximum(high - value, value - low), units)

    def rsqrt(self, a: Approx, units: float = RSQRT_UNITS) -> Approx:
        """One over the square root; TensorFlow's has an approximation of its own."""
        value = 1 / np.sqrt(a.value)
        low, high = 1 / np.sqrt(a.value + a.error), 1 / np.sqrt(np.maximum(a.value - a.error, 0))
        return self.rounded(value, np.maximum(high - value, value - low), units)

    def sum(self, a: Approx, axis: Any, keepdims: bool = True) -> Approx:
        """The sum along axes, in any order."""
        size = np.sum(np.abs(a.value) + a.error, axis, keepdims=keepdims)
        value = np.sum(a.value, axis, keepdims=keepdims)
        terms = a.value.size / max(value.size, 1)
        error = np.sum(a.error, axis, keepdims=keepdims) + self.gamma(terms) * size + (terms + 1) * self.tiny
        lost = None if self.finite else self.overflows(np.sum(finite_sizes(a), axis, keepdims=keepdims))
        return self.bounded(value, error, size, lost)

    def mean(self, a: Approx, axis: Any, keepdims: bool = True) -> Approx:
        """The mean along axes, by a sum and a division or by a product with 1/n."""
        total = self.sum(a, axis, keepdims)
        terms = a.value.size / max(total.value.size, 1)
        return self.rounded(total.value / terms, total.error / terms, units=2)

    def bilinear(self, a: Approx, b: Approx, product: Callable[[Array, Array], Array], terms: float) -> Approx:
        """Sums of products of elements of a with elements of b, in any order.

        |computed - exact| <= d(a)·(|b| + d(b)) + |a|·d(b) + gamma(n + 1)·(|a| + d(a))·(|b| + d(b)) + (2n + 2)·tiny
        for n terms, where · is the product.

        Args:
            a, b: the factors.
            product: linear in both, with coefficients of 0 and 1.
            terms: how many products a sum has.
        """
        sizes, largest = np.abs(a.value), np.abs(b.value) + b.error
        peak = product(sizes + a.error, largest)
        error = product(a.error, largest) + product(sizes, b.error)
        error = error + self.gamma(terms + 1) * peak + (2 * terms + 2) * self.tiny
        lost = None if self.finite else self.overflows(product(finite_sizes(a), finite_sizes(b)))
        return self.bounded(product(a.value, b.value), error, peak, lost)

    def dot(
        self, layer: Layer, x: Approx, linear: Callable[[Layer, Array], Array], terms: float | None = None
    ) -> Approx:
        """What a layer computes from x that is linear in x and in each of its weights, bias included.

        |computed - exact| <= gamma(n + 1)·(|x|·|W| + |b|) + (2n + 2)·tiny + d(x)·|W| + |x|·d(W) for n terms in
        any order, where d keeps what may be flushed to zero.

        Args:
            layer: the layer in float64.
            x: its input.
            linear: calls the linear part of the layer it is given on the array it is given.
            terms: roundings that an output can go through; None counts the terms with weights and input of 1.
        """
        sizes = np.abs(x.value)
        absolute = layer.map_weights(np.abs)
        peak = linear(absolute, sizes + x.error)
        n = linear(layer.map_weights(np.ones_like), np.ones_like(sizes)) if terms is None else terms
        error = self.gamma(n + 1) * peak + (2 * n + 2) * self.tiny
        if np.any(x.error > 0):
            # |W|·e, from two calls: they share the bias, whose own rounding the units of peak cover.
            error = error + np.maximum(peak - linear(absolute, sizes), 0) + 2 * self.unit * peak
        if any(np.any(self.flushed(weight)) for weight in layer.get_weights()):
            error = error + linear(layer.map_weights(self.flushed), sizes + x.error)
        lost = None
        if not self.finite:
            weights = layer.map_weights(lambda weight: finite_sizes(Approx(weight, np.zeros_like(weight))))
            lost = self.overflows(linear(weights, finite_sizes(x)))
        return self.bounded(linear(layer, x.value), error, peak, lost)


def _lost(*operands: Approx) -> Array:
    """Where one of the operands has no bound."""
    return np.any(np.broadcast_arrays(*(np.isinf(operand.error) for operand in operands)), axis=0)


def finite_sizes(x: Approx) -> Array:
    """Sizes of terms of a sum, infinite where x has no bound; infinities and NaN of the input count as 0."""
    return np.where(np.isfinite(x.value) | np.isinf(x.error), np.abs(x.value) + x.error, 0.0)
