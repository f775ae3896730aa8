"""Shapes of sums of products: matmul, dot, tensordot, einsum and the like. See `operation_shapes`."""

from typing import Any

from ..spec import Shape
from .operation_shapes import axes_of, broadcast, flattened, shape_of


def multiplied(*args: Any, **options: Any) -> Shape:
    """Matrices multiplied, over axes that broadcast."""
    x, y = map(shape_of, args)
    if len(x) < 2 or len(y) < 2 or (None not in (x[-1], y[-2]) and x[-1] != y[-2]):
        raise ValueError("matrices whose sizes do not fit")
    return (*broadcast(x[:-2], y[:-2]), x[-2], y[-1])


def outer(x: Any, y: Any) -> Shape:
    """The sizes of both, each flat."""
    return (*flattened(shape_of(x)), *flattened(shape_of(y)))


def dotted(x: Any, y: Any) -> Shape:
    """The last axis of x against the last but one of y, or its only one."""
    x, y = shape_of(x), shape_of(y)
    return contracted(x, y, axes=([len(x) - 1], [max(len(y) - 2, 0)])) if x and y else (*x, *y)


def inner(x: Any, y: Any) -> Shape:
    """The last axis of both."""
    x, y = shape_of(x), shape_of(y)
    return contracted(x, y, axes=([len(x) - 1], [len(y) - 1])) if x and y else (*x, *y)


def contracted(x: Any, y: Any, *, axes: Any) -> Shape:
    """What is left of both without the axes along which they are multiplied."""
    x, y = shape_of(x), shape_of(y)
    pair = (range(len(x) - axes, len(x)), range(axes)) if isinstance(axes, int) else axes
    first, second = (
        axes_of(len(shape), one if isinstance(one, int) else tuple(one))
        for shape, one in zip((x, y), pair, strict=True)
    )
    for i, j in zip(first, second, strict=True):
        _common_exactly(x[i], y[j])
    left = [n for place, n in enumerate(x) if place not in first]
    return (*left, *(n for place, n in enumerate(y) if place not in second))


def _common_exactly(n: int | None, m: int | None) -> None:
    if None not in (n, m) and n != m:
        raise ValueError(f"sizes {n} and {m} do not fit together")


def summed(*operands: Any, subscripts: str) -> Shape:
    """What einsum's letters say, with an ellipsis for axes that broadcast."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    sizes, rest = dict[str, int | None](), [Shape()]
    for letters, operand in zip(inputs.split(","), operands, strict=True):
        shape = shape_of(operand)
        before, dots, behind = letters.partition("...")
        open_axes = len(shape) - len(before) - len(behind)
        if open_axes < 0 or (open_axes and not dots):
            raise ValueError(f"{letters!r} for {len(shape)} axes")
        rest.append(shape[len(before) : len(before) + open_axes])
        named = (*shape[: len(before)], *shape[len(before) + open_axes :])
        for letter, size in zip(before + behind, named, strict=True):
            sizes[letter] = size if sizes.get(letter) is None else sizes[letter]
            _common_exactly(sizes[letter], size)
    if not arrow:
        once = sorted(letter for letter in sizes if inputs.count(letter) == 1)
        output = ("..." if "..." in inputs else "") + "".join(once)
    before, dots, behind = output.partition("...")
    return (*(sizes[a] for a in before), *(broadcast(*rest) if dots else ()), *(sizes[a] for a in behind))
