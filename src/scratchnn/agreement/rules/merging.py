"""Rules for layers that merge several inputs, element by element or by scalar products."""

from functools import reduce

import numpy as np

from ..arithmetic import Approx, Array
from .base import Call, rule
from .normalization import unit_length


@rule("sum")
def merged_sum(call: Call) -> list[Approx]:
    """Sums and differences of the inputs, and the mean: at most one rounding an input, and the division."""
    arithmetic, inputs = call.arithmetic, call.inputs
    sizes = call.layer.merge([_rank(np.abs(x), inputs) for x in inputs], [None] * len(inputs))
    if len(inputs) == 2:  # a difference of sizes is none
        sizes = np.maximum(sizes, reduce(np.add, [_rank(np.abs(x), inputs) for x in inputs]))
    (value,) = call.run()
    flushed = reduce(np.add, [_rank(arithmetic.flushed(x), inputs) for x in inputs])
    error = arithmetic.gamma(len(inputs) + 2) * sizes + flushed + (len(inputs) + 2) * arithmetic.tiny
    return [arithmetic.bounded(value, error, len(inputs) * sizes)]


@rule("product")
def product(call: Call) -> list[Approx]:
    """The product of the inputs, from the first to the last; a masked element is 1, or 0 where all are masked."""
    (value,) = call.run()
    parts = [Approx(np.broadcast_to(x, value.shape), np.zeros(value.shape)) for x in factors(call)]
    exact = [call.arithmetic.exact(part.value) for part in parts]
    result = reduce(call.arithmetic.multiply, exact)
    return [Approx(value, np.where(value == result.value, result.error, 0.0))]


def factors(call: Call) -> list[Array]:
    """The inputs of a Multiply layer with ones where they are masked."""
    inputs = call.inputs
    rank = max(x.ndim for x in inputs)
    masks = call.mask if call.mask is not None else [None] * len(inputs)
    return [
        _rank(x, inputs) if mask is None or x.ndim < rank else np.where(np.asarray(mask, bool)[..., None], x, 1.0)
        for x, mask in zip(inputs, masks, strict=True)
    ]


@rule("dot_merge")
def dot_merge(call: Call) -> list[Approx]:
    """Scalar products of two inputs, which may be scaled to length 1 first."""
    arithmetic, layer = call.arithmetic, call.layer
    axes = layer.positions([x.shape for x in call.inputs])
    pair = [arithmetic.exact(x) for x in call.inputs]
    if layer.normalize:
        pair = [unit_length(arithmetic, x, axis, layer.longest) for x, axis in zip(pair, axes, strict=True)]
    first, second = pair
    terms = first.value.shape[axes[0]]
    sizes = layer.products(np.abs(first.value) + first.error, np.abs(second.value) + second.error)
    error = (
        layer.products(first.error, np.abs(second.value) + second.error)
        + layer.products(np.abs(first.value), second.error)
        + arithmetic.gamma(terms + 1) * sizes
        + (2 * terms + 2) * arithmetic.tiny
    )
    return [arithmetic.bounded(layer.products(first.value, second.value), error, sizes)]


def _rank(x: Array, inputs: list[Array]) -> Array:
    """x with axes of size 1 behind the batch axis, as many as it lacks."""
    rank = max(other.ndim for other in inputs)
    return x.reshape(len(x), *[1] * (rank - x.ndim), *x.shape[1:])
