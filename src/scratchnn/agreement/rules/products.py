"""Bounds for the operations that add up products: of two arrays or more, along axes, or up to each place."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...layers.base import LAYERS
from .. import functions
from ..arithmetic import Approx, Arithmetic, Array
from .normalization import unit_length

Bound = Callable[..., Approx]


def multilinear(name: str) -> Bound:
    """The bound of a sum of products, in any order, of one factor from each operand."""

    def bound(arithmetic: Arithmetic, *operands: Approx, options: Any) -> Approx:
        operation = LAYERS[f"ops.{name}"](**options)

        def products(*factors: Array) -> Array:
            return np.asarray(operation.forward(*factors), np.float64)

        sizes = [np.abs(x.value) for x in operands]
        peak = products(*sizes)
        terms, factors = products(*map(np.ones_like, sizes)), len(operands)
        moved = [products(*sizes[:i], x.error, *sizes[i + 1 :]) for i, x in enumerate(operands)]
        # A product that is flushed may still be multiplied by the other factors.
        others = math.prod(max(1.0, float(size.max(initial=0.0))) for size in sizes) if factors > 2 else 1.0
        error = arithmetic.gamma(terms + factors) * peak + sum(moved)
        error = error + (factors * terms + 2) * arithmetic.tiny * others
        return arithmetic.bounded(products(*(x.value for x in operands)), error, peak)

    return bound


def _flat(x: Approx, axis: int | None) -> tuple[Approx, int]:
    return (x.reshape(-1), 0) if axis is None else (x, axis)


def cumulated_sum(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """Sums of as many terms as stand before."""
    x, axis = _flat(x, options["axis"])
    terms = np.cumsum(np.ones_like(x.value), axis)
    size = np.cumsum(np.abs(x.value) + x.error, axis)
    error = np.cumsum(x.error, axis) + arithmetic.gamma(terms) * size + (terms + 1) * arithmetic.tiny
    return arithmetic.bounded(np.cumsum(x.value, axis), error, size)


def cumulated_product(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """Products of as many factors as stand before; any of them may overflow or be flushed."""
    x, axis = _flat(x, options["axis"])
    factors = np.cumsum(np.ones_like(x.value), axis)
    value = np.cumprod(x.value, axis)
    peak = np.cumprod(np.maximum(np.abs(x.value), 1), axis)
    error = arithmetic.gamma(factors) * np.abs(value) + (factors + 1) * arithmetic.tiny * peak
    # Once a partial product may have overflowed, what follows has no bound.
    free = np.maximum.accumulate(np.maximum(np.abs(value), 0), axis) * (1 + 1e-6) >= arithmetic.largest
    return arithmetic.bounded(value, np.where(free, np.inf, error), peak)


def differences(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """Neighbours subtracted, n times over."""
    axis = options["axis"] % x.value.ndim

    def between(start: int, stop: int | None) -> Callable[[Array], Array]:
        return lambda array: array[(slice(None),) * axis + (slice(start, stop),)]

    for _ in range(options["n"]):
        x = arithmetic.subtract(x.map(between(1, None)), x.map(between(0, -1)))
    return x


def norm(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """The root of a sum of squares, a sum of sizes, or the largest size."""
    axis, keepdims = options["axis"], bool(options["keepdims"])
    axes = tuple(range(x.value.ndim)) if axis is None else axis
    sizes = Approx(np.abs(x.value), x.error)
    if options["ord"] == 1:
        total = arithmetic.sum(sizes, axes, keepdims)
        return arithmetic.rounded(total.value, total.error, units=4)  # raised to the power of 1, twice
    if options["ord"] == np.inf:
        largest = np.max(sizes.value, axes, keepdims=keepdims)
        return arithmetic.bounded(largest, np.max(sizes.error, axes, keepdims=keepdims))
    return arithmetic.sqrt(arithmetic.sum(arithmetic.multiply(x, x), axes, keepdims))


def normalize(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """x over its length along the axes."""
    axis = tuple(range(x.value.ndim)) if options["axis"] is None else options["axis"]
    least = 1e-7 if options["epsilon"] is None else options["epsilon"]
    if options["order"] == 2:
        return unit_length(arithmetic, x, axis, 1 / least)
    length = norm(arithmetic, x, {"axis": axis, "ord": 1, "keepdims": True})
    bottom = arithmetic.cast_constant(least)
    error = np.maximum(length.error, bottom.error)
    return arithmetic.divide(x, Approx(np.maximum(length.value, bottom.value), error))


def median(arithmetic: Arithmetic, x: Approx, axes: Any, keepdims: bool) -> Approx:
    """The middle number, or one between the two in the middle, from both of them and their places."""
    value = np.median(x.value, axes, keepdims=keepdims)
    places = math.prod(x.value.shape[place] for place in axes)
    moved = np.moveaxis(x.value, axes, range(-len(axes), 0)).reshape(-1, places)
    size = np.abs(np.sort(moved, -1)[:, [(places - 1) // 2, places // 2]]).max(-1).reshape(value.shape)
    error = x.error.max() + arithmetic.gamma(4 + places) * size + 4 * arithmetic.tiny
    return arithmetic.bounded(value, error, 2 * size)


def glu(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """The first half times the sigmoid of the second."""
    axis = options["axis"]
    last = x.map(lambda array: np.moveaxis(array, axis, -1))
    return functions.glu(arithmetic, last).map(lambda array: np.moveaxis(array, -1, axis))


def sparsemax(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """Along one axis."""
    return functions.last_axes(options["axis"], x, lambda rows: functions.sparsemax(arithmetic, rows))


PRODUCTS: dict[str, Bound] = {
    **{name: multilinear(name) for name in ("Matmul", "Dot", "Inner", "Outer", "Tensordot", "Einsum")},
    "Cumsum": cumulated_sum,
    "Cumprod": cumulated_product,
    "Diff": differences,
    "Norm": norm,
    "Normalize": normalize,
    "Glu": glu,
    "Sparsemax": sparsemax,
}
