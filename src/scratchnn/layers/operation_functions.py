"""Keras's operations that NumPy has under no name of its own, on arrays; options come by keyword."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from .base import Array
from .unit_normalization import unit_length

FLOATS = ("float16", "float32", "float64")
DTYPES = (*FLOATS, "int8", "int16", "int32", "int64", "uint8", "bool")


def get_item(x: Array, key: Any) -> Array:
    """x[key]."""
    return x[tuple(key) if isinstance(key, list) else key]


def as_floats(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The function of floats, which Keras makes of whole numbers where they would stay as they are."""
    return lambda x: function(x if x.dtype.kind == "f" else x.astype(np.float32))


def concatenate(xs: Sequence[Array], axis: int) -> Array:
    """The arrays one behind the other along the axis."""
    return np.concatenate(xs, axis)


def reshape(x: Array, newshape: Any) -> Array:
    """x in another shape, in which None and -1 stand for what is left."""
    sizes = (newshape,) if isinstance(newshape, int) else newshape
    return x.reshape(tuple(-1 if n is None else n for n in sizes))


def moveaxis(x: Array, source: Any, destination: Any) -> Array:
    """x with axes at other places; x itself, and not a view of it, where they are there already."""
    first, second = (np.atleast_1d(axes) % x.ndim for axes in (source, destination))
    return x if np.array_equal(first, second) else np.moveaxis(x, source, destination)


def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    """x with two axes changed for each other; x itself where they are the same."""
    return x if axis1 % x.ndim == axis2 % x.ndim else np.swapaxes(x, axis1, axis2)


def cast(x: Array, dtype: str) -> Array:
    """x in another dtype.

    Raises:
        UnsupportedError: a dtype that scratchnn does not compute in, or floats that are cut to float16.
    """
    if dtype not in DTYPES:
        raise UnsupportedError(f"cast: expected one of {', '.join(DTYPES)}, got {dtype!r}")
    if dtype not in FLOATS or x.dtype.kind != "f":
        return x.astype(dtype, copy=False)
    if dtype == "float16" and x.dtype != dtype:
        raise UnsupportedError(f"cast: expected a dtype that keeps the numbers, got {dtype!r} for {x.dtype}")
    # No float gets a shorter one: the run may be in float64 for a model of float32.
    return x.astype(np.promote_types(x.dtype, dtype), copy=False)


def like(fill: Callable[[Array], Array]) -> Callable[..., Array]:
    """A constant array of the shape of x, in its dtype or a given one."""
    return lambda x, dtype: fill(x) if dtype is None else cast(fill(x), dtype)


def logsumexp(x: Array, axis: Any, keepdims: bool) -> Array:
    """log of the sum of exp(x) along the axes; the largest is taken off first."""
    largest = x.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    total = np.log(np.exp(x - largest).sum(axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis)


def divide_no_nan(x: Any, y: Any) -> Array:
    """x / y, and 0 where y is 0."""
    x, y = (np.asarray(value, np.result_type(x, y)) for value in (x, y))  # a Python number takes the other's dtype
    return np.where(y == 0, np.zeros_like(y), x / np.where(y == 0, np.ones_like(y), y))


def argument(find: Callable[..., Any]) -> Callable[..., Any]:
    """The place that a function finds, as int32."""
    return lambda x, axis, keepdims: find(x, axis=axis, keepdims=keepdims).astype(np.int32)


def extreme(find: Callable[..., Any]) -> Callable[..., Any]:
    """The largest or smallest number, or `initial` where that is beyond it."""

    def function(x: Array, axis: Any, keepdims: bool, initial: Any) -> Any:
        return find(x, axis=axis, keepdims=keepdims, **({} if initial is None else {"initial": initial}))

    return function


def median(x: Array, axis: Any, keepdims: bool) -> Array:
    """The middle number, or the mean of the two there; NumPy's alone has lists of axes."""
    return np.asarray(np.median(x, axis=axis, keepdims=keepdims))


def cumulated(accumulate: Callable[..., Array]) -> Callable[..., Array]:
    """Sums or products up to each place, in the dtype of x; truth values count as int32."""
    return lambda x, axis: accumulate(x, axis=axis, dtype=np.int32 if x.dtype == bool else x.dtype)


def count_nonzero(x: Array, axis: Any) -> Array:
    """How many elements are not 0, as int32."""
    return np.asarray(np.count_nonzero(x, axis=axis), np.int32)


def argsort(x: Array, axis: int | None) -> Array:
    """The places in ascending order, equal ones as they stand, as int32."""
    return np.argsort(x, axis=axis, kind="stable").astype(np.int32)


def top_k(x: Array, k: int, sorted: bool) -> list[Array]:
    """The k largest along the last axis in descending order, equal ones as they stand, and their places."""
    backwards = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    places = (x.shape[-1] - 1 - backwards)[..., :k]
    return [np.take_along_axis(x, places, -1), places.astype(np.int32)]


def unstack(x: Array, num: int | None, axis: int) -> list[Array]:
    """The array at each place along the axis."""
    return list(np.moveaxis(x, axis, 0))


def pad(x: Array, constant_values: Any = None, *, pad_width: Any, mode: str) -> Array:
    """x with a margin: of one number (0 where none is given), or mirrored with or without the outermost."""
    given = {"constant_values": 0 if constant_values is None else constant_values} if mode == "constant" else {}
    return np.pad(x, pad_width, mode, **given)  # type: ignore[call-overload]


def take(x: Array, indices: Any, axis: int | None) -> Array:
    """x at whole numbers along the axis, from the end where they are negative."""
    return np.take(x, np.asarray(indices), axis=axis)


def take_along_axis(x: Array, indices: Any, axis: int | None) -> Array:
    """x at a whole number of its own for each place; sizes of 1 are stretched."""
    indices = np.asarray(indices)
    if axis is None:
        return np.take_along_axis(x.reshape(-1), indices, 0)
    place = axis % x.ndim
    first, second = ((*a.shape[:place], 1, *a.shape[place + 1 :]) for a in (x, indices))
    rest = list(np.broadcast_shapes(first, second))
    x, indices = (np.broadcast_to(a, (*rest[:place], a.shape[place], *rest[place + 1 :])) for a in (x, indices))
    return np.take_along_axis(x, indices, place)


def one_hot(x: Array, num_classes: int, axis: int, dtype: str | None, sparse: bool) -> Array:
    """1 at the class of each id, 0 elsewhere, and everywhere for ids that are none."""
    hot = x.astype(np.int64)[..., None] == np.arange(num_classes)
    return np.moveaxis(cast(hot, dtype or "float32"), -1, axis)


def full_like(x: Array, fill_value: Any, dtype: str | None) -> Array:
    """The number in the shape of x, in its dtype or a given one."""
    filled = np.full_like(x, fill_value)
    return filled if dtype is None else cast(np.broadcast_to(np.asarray(fill_value), x.shape), dtype)


def convert_to_tensor(x: Array, dtype: str | None, sparse: Any, ragged: Any) -> Array:
    """x, in another dtype where one is given."""
    return x if dtype is None else cast(x, dtype)


def round_to(x: Array, decimals: int) -> Array:
    """x rounded to so many decimals, halves to even."""
    return np.round(x, decimals)


def nan_to_num(x: Array, nan: float, posinf: float | None, neginf: float | None) -> Array:
    """x with numbers for NaN and the infinities, which are the farthest of its dtype where none are given."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf) if x.dtype.kind == "f" else x


def threshold(x: Array, threshold: float, default_value: float) -> Array:
    """x above the threshold, the value elsewhere."""
    return np.where(x > threshold, x, np.asarray(default_value, x.dtype))


def norm(x: Array, ord: Any, axis: Any, keepdims: bool) -> Array:
    """The length of x along the axes: Euclidean, the sum of sizes for 1, the largest size for inf."""
    x = x if x.dtype.kind == "f" else x.astype(np.float32)
    if ord in (1, np.inf):
        reduce = np.sum if ord == 1 else np.max
        return np.asarray(reduce(np.abs(x), axis=axis, keepdims=keepdims))
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


def normalize(x: Array, axis: Any, order: int, epsilon: float | None) -> Array:
    """x over its length along the axes, which counts as epsilon where it is shorter."""
    least = 1e-7 if epsilon is None else epsilon
    if order == 2:
        return unit_length(x, axis, 1 / least)
    return x / np.maximum(norm(x, order, axis, True), x.dtype.type(least))


def einsum(*operands: Array, subscripts: str) -> Array:
    """Sums of products by letters."""
    return np.asarray(np.einsum(subscripts, *operands, optimize=len(operands) > 2))
