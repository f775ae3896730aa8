"""Shapes of the results of Keras's operations.

A shape stands for a tensor, anything else for itself; None is a size that is not known. What does not fit raises a
ValueError, which the operation turns into one that names it.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..spec import Shape
from .base import Array

PAD_MODES = ("constant", "reflect", "symmetric")
MAX_PARTS = 10_000  # into which an axis of open size is divided


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(n is None or type(n) is int for n in value)


def shape_of(arg: Any) -> Shape:
    """The shape of a tensor, which stands for it, or of a constant."""
    return arg if _is_shape(arg) else np.shape(arg)


def same(x: Shape, *args: Any, **options: Any) -> Shape:
    """The shape of x."""
    return x


def broadcast(*args: Any, **options: Any) -> Shape:
    """The shape that all are stretched to."""
    shapes = list(map(shape_of, args))
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(map(_common, zip(*padded, strict=True)))


def _common(sizes: Sequence[int | None]) -> int | None:
    known = {n for n in sizes if n not in (1, None)}
    if len(known) > 1:
        raise ValueError(f"sizes {sizes} do not fit together")
    return known.pop() if known else None if None in sizes else 1


def axes_of(rank: int, axis: Any) -> tuple[int, ...]:
    """Axes from 0, each once."""
    if axis is None:
        return tuple(range(rank))
    found = tuple(n % rank if -rank <= n < rank else rank for n in ((axis,) if isinstance(axis, int) else axis))
    if len(set(found)) < len(found) or rank in found:
        raise ValueError(f"axis {axis} of {rank} axes")
    return found


def reduced(x: Shape, *, axis: Any = None, keepdims: bool = False, **options: Any) -> Shape:
    """The shape of x without the axes, or with 1 there."""
    axes = axes_of(len(x), axis)
    kept = [1 if place in axes else n for place, n in enumerate(x)]
    return tuple(n for place, n in enumerate(kept) if keepdims or place not in axes)


def joined(args: Sequence[Any], *, axis: int) -> Shape:
    """The sizes along the axis added up; the others are equal."""
    xs = list(map(shape_of, args))
    (place,) = axes_of(len(xs[0]), axis)
    if len(set(map(len, xs))) > 1:
        raise ValueError("operands of different ranks")
    sizes = [x[place] for x in xs]
    rest = broadcast(*((*x[:place], 1, *x[place + 1 :]) for x in xs))
    total = None if None in sizes else sum(n for n in sizes if n is not None)
    return (*rest[:place], total, *rest[place + 1 :])


def stacked(xs: Sequence[Any], *, axis: int) -> Shape:
    """A new axis, of as many as there are."""
    one = broadcast(*xs)
    (place,) = axes_of(len(one) + 1, axis)
    return (*one[:place], len(xs), *one[place:])


def expanded(x: Shape, *, axis: Any) -> Shape:
    """New axes of size 1."""
    axes = axes_of(len(x) + (1 if isinstance(axis, int) else len(axis)), axis)
    rest = iter(x)
    return tuple(1 if place in axes else next(rest) for place in range(len(x) + len(axes)))


def squeezed(x: Shape, *, axis: Any) -> Shape:
    """The shape of x without axes of size 1."""
    axes = axes_of(len(x), axis) if axis is not None else tuple(place for place, n in enumerate(x) if n == 1)
    if any(x[place] not in (1, None) for place in axes):
        raise ValueError(f"axes {axes} of {x} are not of size 1")
    return tuple(n for place, n in enumerate(x) if place not in axes)


def transposed(x: Shape, *, axes: Any) -> Shape:
    """The axes in another order, backwards by default."""
    order = tuple(range(len(x)))[::-1] if axes is None else axes_of(len(x), axes)
    if len(order) != len(x):
        raise ValueError(f"axes {axes} of {len(x)} axes")
    return tuple(x[place] for place in order)


def reshaped(x: Shape, *, newshape: Any) -> Shape:
    """The given shape, with at most one open size."""
    sizes = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    if sum(n in (None, -1) for n in sizes) > 1 or any(n is not None and n < -1 for n in sizes):
        raise ValueError(f"newshape {sizes}: expected at most one open size")
    known, given = math.prod(n for n in sizes if n not in (None, -1)), math.prod(n or 1 for n in x)
    left = None if None in x or not known or given % known else given // known
    return tuple(left if n in (None, -1) else n for n in sizes)


def item_shape(x: Shape, key: Any, **options: Any) -> Shape:
    """The shape of x[key], tried on an array without content for two stand-ins of the open sizes."""
    key = tuple(key) if isinstance(key, list) else key
    results = []
    for stand_in in (3, 5):
        probe = np.broadcast_to(np.zeros(1), [stand_in if n is None else n for n in x])
        results.append(np.shape(probe[key]))
    return tuple(n if n == m else None for n, m in zip(*results, strict=True))


def rearranged(move: Callable[..., Array]) -> Callable[..., Shape]:
    """The rule of a function that puts axes into another order, tried on an array without content."""

    def rule(x: Shape, **options: Any) -> Shape:
        order = move(np.empty(tuple(range(len(x)))), **options).shape
        return tuple(x[place] for place in order)

    return rule


def along(x: Shape, *, axis: Any, **options: Any) -> Shape:
    """The shape of x, which is taken flat where no axis is given."""
    return flattened(x) if axis is None else turned(x, axis=axis)


def turned(x: Shape, *, axis: Any, **options: Any) -> Shape:
    """The shape of x, which has the axes."""
    axes_of(len(x), axis)
    return x


def flattened(x: Shape) -> Shape:
    """One axis."""
    return (None if None in x else math.prod(n for n in x if n is not None),)


def matrices(x: Shape, **options: Any) -> Shape:
    """The shape of x, which has two axes or more."""
    if len(x) < 2:
        raise ValueError("expected two axes or more")
    return x


def side_by_side(xs: Sequence[Shape]) -> Shape:
    """Joined along the second axis, arrays of one axis along that."""
    return joined(xs, axis=min(1, len(xs[0]) - 1))


def one_above_the_other(xs: Sequence[Shape]) -> Shape:
    """Joined along the first axis, arrays of one axis as rows."""
    return joined([(1, *x) if len(x) < 2 else x for x in xs], axis=0)


def divided(x: Shape, *, indices_or_sections: Any, axis: int) -> list[Shape]:
    """The parts: so many equal ones, or those between the cuts."""
    (place,) = axes_of(len(x), axis)
    size, limit = x[place], MAX_PARTS if x[place] is None else x[place]
    if isinstance(indices_or_sections, int):
        if not 1 <= indices_or_sections <= max(1, limit or 0) or (size or 0) % indices_or_sections:
            raise ValueError(f"{size} along axis {axis} are no {indices_or_sections} equal parts")
        sizes: list[Any] = [None if size is None else size // indices_or_sections] * indices_or_sections
    elif size is None:
        raise ValueError(f"the size along axis {axis} is not known")
    else:
        cuts = [0, *indices_or_sections, size]
        sizes = [after - before for before, after in pairwise(cuts)]
        if any(part is None or part < 0 for part in sizes):
            raise ValueError(f"cuts at {indices_or_sections} along {size}")
    return [(*x[:place], part, *x[place + 1 :]) for part in sizes]


def unstacked(x: Shape, *, num: int | None, axis: int) -> list[Shape]:
    """One part for each place along the axis."""
    (place,) = axes_of(len(x), axis)
    size = x[place]
    if size is None or num not in (None, size):
        raise ValueError(f"num {num}: the size along axis {axis} is {size}")
    return [(*x[:place], *x[place + 1 :])] * size


def padded(x: Shape, constant_values: Any = None, *, pad_width: Any, mode: str) -> Shape:
    """Each size with what stands before and behind."""
    if mode not in PAD_MODES:
        raise UnsupportedError(f"pad: option 'mode': expected one of {', '.join(PAD_MODES)}, got {mode!r}")
    widths = [(int(before), int(behind)) for before, behind in np.broadcast_to(pad_width, (len(x), 2))]
    for size, width in zip(x, widths, strict=True):
        farthest = np.inf if size is None or mode == "constant" else size - (mode == "reflect")
        if min(width) < 0 or max(width) > farthest:
            raise ValueError(f"pad_width {width} at an axis of {size} in mode {mode!r}")
    return tuple(None if n is None else n + sum(width) for n, width in zip(x, widths, strict=True))


def tiled(x: Shape, *, repeats: Any) -> Shape:
    """Each size so many times; missing axes come first."""
    times = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    rank = max(len(times), len(x))
    full, times = (1,) * (rank - len(x)) + tuple(x), (1,) * (rank - len(times)) + times
    return tuple(None if n is None else n * many for n, many in zip(full, times, strict=True))


def repeated(x: Shape, *, repeats: Any, axis: int | None) -> Shape:
    """The size along the axis so many times, or the sum of a number for each place."""
    x = flattened(x) if axis is None else x
    (place,) = axes_of(len(x), 0 if axis is None else axis)
    times = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    if len(times) > 1 and x[place] not in (len(times), None):
        raise ValueError(f"{len(times)} repeats for {x[place]} along axis {axis}")
    size = x[place]
    total = sum(times) if len(times) > 1 else None if size is None else size * times[0]
    return (*x[:place], total, *x[place + 1 :])


def stretched(x: Shape, *, shape: Sequence[int]) -> Shape:
    """The given shape, to which x fits."""
    if broadcast(x, tuple(shape)) != tuple(shape) or len(x) > len(shape):
        raise ValueError(f"{x} does not fit {shape}")
    return tuple(shape)


def taken(x: Any, indices: Any, *, axis: int | None) -> Shape:
    """The shape of the indices in the place of the axis."""
    x = flattened(shape_of(x)) if axis is None else shape_of(x)
    (place,) = axes_of(len(x), 0 if axis is None else axis)
    return (*x[:place], *shape_of(indices), *x[place + 1 :])


def taken_along(x: Any, indices: Any, *, axis: int | None) -> Shape:
    """The size of the indices along the axis; the other sizes fit each other."""
    found = shape_of(indices)
    x = flattened(shape_of(x)) if axis is None else shape_of(x)
    (place,) = axes_of(len(x), 0 if axis is None else axis)
    if len(found) != len(x):
        raise ValueError(f"indices of {len(found)} axes for {len(x)} axes")
    rest = broadcast((*x[:place], 1, *x[place + 1 :]), (*found[:place], 1, *found[place + 1 :]))
    return (*rest[:place], found[place], *rest[place + 1 :])


def one_hot(x: Shape, *, num_classes: int, axis: int, dtype: Any, sparse: bool) -> Shape:
    """One axis more, of the number of classes."""
    if sparse:
        raise UnsupportedError("one_hot: option 'sparse': expected False, got True")
    (place,) = axes_of(len(x) + 1, axis)
    return (*x[:place], int(num_classes), *x[place:])


def largest(x: Shape, *, k: int, sorted: bool) -> list[Shape]:
    """k along the last axis: the values and their places."""
    if not sorted:
        raise UnsupportedError("top_k: option 'sorted': expected True, got False (then their order is left open)")
    if not 0 <= k <= (x[-1] if x[-1] is not None else k):
        raise ValueError(f"{k} of {x[-1]}")
    return [(*x[:-1], k)] * 2


def halved(x: Shape, *, axis: int) -> Shape:
    """Half the size along the axis."""
    (place,) = axes_of(len(x), axis)
    size = x[place]
    if size is not None and size % 2:
        raise ValueError(f"an odd size along axis {axis}")
    return (*x[:place], None if size is None else size // 2, *x[place + 1 :])


def differences(x: Shape, *, n: int, axis: int) -> Shape:
    """n less along the axis."""
    (place,) = axes_of(len(x), axis)
    size = x[place]
    if n < 0:
        raise ValueError(f"n is {n}")
    return (*x[:place], None if size is None else max(size - n, 0), *x[place + 1 :])


def dense(x: Shape, *, sparse: Any, ragged: Any, **options: Any) -> Shape:
    """The shape of x, which stays an array."""
    if sparse or ragged:
        raise UnsupportedError(f"options 'sparse' and 'ragged': expected None, got {sparse!r} and {ragged!r}")
    return x


def normed(x: Shape, *, ord: Any, axis: Any, keepdims: bool) -> Shape:
    """Reduced along one axis or two; which orders there are depends on their number."""
    count = len(axes_of(len(x), axis))
    known = {1: (None, 1, 2, math.inf), 2: (None, "fro")}.get(count, ())
    if ord not in known:
        raise UnsupportedError(f"norm: option 'ord' for {count} axes: expected one of {known}, got {ord!r}")
    return reduced(x, axis=axis, keepdims=keepdims)


def normalized(x: Shape, *, axis: Any, order: Any, epsilon: Any) -> Shape:
    """The shape of x."""
    if order not in (1, 2):
        raise UnsupportedError(f"normalize: option 'order': expected one of 1, 2, got {order!r}")
    return turned(x, axis=axis)
