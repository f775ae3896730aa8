"""Rules for layers that normalize."""

from typing import Any

import numpy as np

from ...layers.normalization import LEAST_DEVIATION
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
    return [_larger(arithmetic, value, spread, centered)]


@rule("layer_normalization")
def layer_normalization(call: Call) -> list[Approx]:
    """gamma · (x - mean) / sqrt(variance + epsilon) + beta over `axes`, mean and variance of the sample itself."""
    arithmetic, layer, x = call.arithmetic, call.layer, arithmetic_input(call)
    gamma, beta = (
        arithmetic.exact(default if array is None else layer.stretched(array, x.value.ndim))
        for array, default in ((layer.gamma, 1.0), (layer.beta, 0.0))
    )
    (value,) = call.run()
    return [_normalized(arithmetic, x, layer.axes, layer.epsilon, gamma, beta, value)]


@rule("group_normalization")
def group_normalization(call: Call) -> list[Approx]:
    """The same for each group of channels."""
    arithmetic, layer = call.arithmetic, call.layer
    split, axes = layer.in_groups(call.x)

    def weight(array: Any, default: float) -> Approx:
        if array is None:
            return arithmetic.exact(default)
        sizes = layer.stretched(array, call.x.ndim) + np.zeros((1, *call.x.shape[1:]))
        return arithmetic.exact(layer.in_groups(sizes)[0])

    (value,) = call.run()
    x = arithmetic.exact(split)
    gamma, beta = weight(layer.gamma, 1.0), weight(layer.beta, 0.0)
    result = _normalized(arithmetic, x, axes, layer.epsilon, gamma, beta, value.reshape(split.shape))
    return [result.reshape(value.shape)]


def _normalized(
    arithmetic: Arithmetic, x: Approx, axes: Any, epsilon: float, gamma: Approx, beta: Approx, value: Any
) -> Approx:
    """The result `value` with a bound that holds for x · scale + (beta - mean · scale) and for the centered form.

    The error of the mean moves each difference from it alike, and the variance by no more than its square.
    """
    mean = arithmetic.mean(x, axes)
    centered = arithmetic.subtract(x, mean)
    variance = arithmetic.mean(arithmetic.multiply(centered, centered), axes)
    root = arithmetic.rsqrt(arithmetic.add(variance, arithmetic.constant(epsilon)))
    scale = arithmetic.multiply(root, gamma)
    spread = arithmetic.add(
        arithmetic.multiply(x, scale), arithmetic.subtract(beta, arithmetic.multiply(mean, scale))
    )
    apart = arithmetic.add(arithmetic.multiply(arithmetic.multiply(centered, root), gamma), beta)
    return _larger(arithmetic, value, spread, apart)


def _larger(arithmetic: Arithmetic, value: Any, *ways: Approx) -> Approx:
    """The result `value` with the largest bound of several ways to it."""
    error = np.maximum.reduce([way.error for way in ways])
    return arithmetic.bounded(value, error, lost=np.isinf(error))


@rule("rms_normalization")
def rms_normalization(call: Call) -> list[Approx]:
    """scale · x / sqrt(mean(x²) + epsilon), the mean square of the sample itself over `axes`."""
    arithmetic, layer, x = call.arithmetic, call.layer, arithmetic_input(call)
    squares = arithmetic.mean(arithmetic.multiply(x, x), layer.axes)
    root = arithmetic.rsqrt(arithmetic.add(squares, arithmetic.constant(layer.epsilon)))
    result = arithmetic.multiply(arithmetic.multiply(x, root), arithmetic.exact(layer.scale))
    (value,) = call.run()
    return [Approx(value, result.error)]


@rule("normalization")
def normalization(call: Call) -> list[Approx]:
    """(x - mean) / max(sqrt(variance), 1e-7), or x · max(...) + mean, from weights or from the config."""
    arithmetic, layer, x = call.arithmetic, call.layer, arithmetic_input(call)
    of_config = layer.count is None  # Keras reads those by way of float32
    mean, variance = (
        (arithmetic.cast_constant if of_config else arithmetic.exact)(layer.stretched(array, x.value.ndim))
        for array in (layer.mean, layer.variance)
    )
    root = arithmetic.sqrt(variance)
    least = arithmetic.constant(LEAST_DEVIATION)
    deviation = Approx(np.maximum(root.value, LEAST_DEVIATION), np.maximum(root.error, least.error))
    if layer.invert:
        return [arithmetic.add(mean, arithmetic.multiply(x, deviation))]
    return [arithmetic.divide(arithmetic.subtract(x, mean), deviation)]


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
