"""Rules for layers that normalize."""

import numpy as np

from ..arithmetic import Approx, Arithmetic
from .base import Call, rule
from .linear import arithmetic_input


@rule("batch_normalization")
def batch_normalization(call: Call) -> list[Approx]:
    """gamma · (x - mean) / sqrt(variance + epsilon) + beta, in whichever of two ways.

    TensorFlow forms x · s + (beta - mean · s) with s = gamma · rsqrt(variance + epsilon), others
    (x - mean) · s + beta. Both are worked out, and the larger bound holds.
    """
    arithmetic, layer, x = call.arithmetic, call.layer, arithmetic_input(call)
    shape = [1] * x.value.ndim
    shape[layer.axis] = -1

    def weight(array: np.ndarray | None, default: float) -> Approx:
        return arithmetic.exact(np.float64(default) if array is None else array.reshape(shape))

    mean, variance = weight(layer.moving_mean, 0), weight(layer.moving_variance, 1)
    gamma, beta = weight(layer.gamma, 1), weight(layer.beta, 0)
    root = arithmetic.rsqrt(arithmetic.add(variance, arithmetic.constant(layer.epsilon)))
    scale = arithmetic.multiply(root, gamma)
    shift = arithmetic.subtract(beta, arithmetic.multiply(mean, scale))
    spread = arithmetic.add(arithmetic.multiply(x, scale), shift)
    centered = arithmetic.add(arithmetic.multiply(arithmetic.subtract(x, mean), scale), beta)
    (value,) = call.run()
    return [arithmetic.bounded(value, np.maximum(spread.error, centered.error))]


@rule("unit_normalization")
def unit_normalization(call: Call) -> list[Approx]:
    """x over its norm along `axis`."""
    return [unit_length(call.arithmetic, arithmetic_input(call), call.layer.axis, call.layer.longest)]


def unit_length(arithmetic: Arithmetic, x: Approx, axis: int | tuple[int, ...], longest: float) -> Approx:
    """x · min(1 / |x|, longest), with the norm along the axes.

    Squares that leave the range of the dtype leave the result without a bound.
    """
    squares = arithmetic.sum(arithmetic.multiply(x, x), axis)
    low = np.minimum(1 / np.sqrt(squares.value + squares.error), longest)
    high = np.minimum(1 / np.sqrt(np.maximum(squares.value - squares.error, 0)), longest)
    inverse = np.minimum(1 / np.sqrt(squares.value), longest)
    spread = np.where(np.isfinite(squares.error), np.maximum(high - inverse, inverse - low), np.inf)
    return arithmetic.multiply(x, arithmetic.rounded(inverse, spread, units=6))
