"""Rules for activation functions as layers."""

from typing import Any

import numpy as np

from .. import functions
from ..arithmetic import Approx, Array
from .base import Call, moved_by_constants, rule


@rule("activation")
def activation(call: Call) -> list[Approx]:
    """The function that the layer's `activation` names."""
    return [functions.activate(call.arithmetic, call.layer.activation, call.arithmetic.exact(call.x))]


@rule("piecewise_linear")
def piecewise_linear(call: Call) -> list[Approx]:
    """Slopes and thresholds (ReLU, LeakyReLU, PReLU): slope · (x - threshold), with the slope rounded.

    At a threshold above 0 the function jumps, and the threshold was rounded: either side of it may come out.
    """
    arithmetic, x = call.arithmetic, call.arithmetic.exact(call.x)
    threshold = abs(getattr(call.layer, "threshold", 0.0))
    slope = np.abs(getattr(call.layer, "negative_slope", 0.0))
    (value,) = call.run()
    # Where the slope applies, the subtraction rounds numbers of the size of the threshold.
    below = np.where(call.x < threshold, slope * threshold, 0.0)
    unit = arithmetic.gamma(3) + arithmetic.constant_unit  # the slope itself is rounded
    error = unit * (np.abs(value) + below) + (1 + slope) * x.error
    error = error + arithmetic.flushed(np.asarray(slope)) * np.abs(call.x)
    if threshold > 0:
        error = error + moved_by_constants(call, value)
    return [arithmetic.bounded(value, error + 4 * arithmetic.tiny * (value != 0))]


@rule("elu")
def elu(call: Call) -> list[Approx]:
    """x where positive, alpha · (exp(x) - 1) elsewhere, with an alpha of the config."""
    arithmetic, x = call.arithmetic, call.arithmetic.exact(call.x)
    one = functions.activate(arithmetic, "elu", x)
    scaled = arithmetic.multiply(one, arithmetic.cast_constant(call.layer.alpha))
    (value,) = call.run()
    return [Approx(value, np.where(call.x > 0, one.error, scaled.error))]


@rule("up_sampling", sided=True)
def up_sampling(call: Call) -> list[Approx]:
    """Repetition is exact; interpolation rounds the places, and twice along each axis.

    TensorFlow interpolates in float32 whatever the dtype, and works out the places in it (docs/findings.md).
    """
    arithmetic, layer = call.arithmetic, call.layer
    (value,) = call.run()
    if layer.interpolation == "nearest":
        return [Approx(value, np.zeros(value.shape))]
    unit = arithmetic.unit if call.own_result else arithmetic.constant_unit
    largest = max(value.shape[axis] for axis in (layer.first_axis, layer.first_axis + 1))
    sizes = layer.forward(np.abs(call.x)) + _neighbours(np.abs(call.x), layer)
    error = (16 + 4 * largest) * unit * sizes + 16 * max(arithmetic.tiny, 2.0**-126 * (unit > arithmetic.unit))
    return [arithmetic.bounded(value, error, 4 * sizes)]


def _neighbours(x: Array, layer: Any) -> Array:
    """For each output the largest of the inputs that it may lie between, or one further."""
    for axis, times in enumerate(layer.size, start=layer.first_axis):
        ends = [(0, 0)] * x.ndim
        ends[axis] = (1, 1)
        padded = np.pad(x, ends, mode="edge")
        size = x.shape[axis]
        x = np.maximum.reduce([padded.take(range(start, start + size), axis) for start in range(3)])
        x = np.repeat(x, times, axis)
    return x


@rule("softmax", sided=True)
def softmax(call: Call) -> list[Approx]:
    """softmax along `axis`, where a mask puts Keras's large negative number."""
    arithmetic, x = call.arithmetic, call.x
    keep = None if call.mask is None else np.broadcast_to(np.asarray(call.mask, bool), x.shape)
    if keep is not None:
        x = np.where(keep, x, -3e4 if arithmetic.dtype == np.float16 else -1e9)
    z = arithmetic.exact(x)
    axes = (call.layer.axis,) if isinstance(call.layer.axis, int) else tuple(call.layer.axis)
    result = functions.last_axes(axes, z, lambda rows: functions.softmax(arithmetic, rows))
    (value,) = call.run()
    error = result.error
    if len(axes) > 1 and not call.own_result:
        # Keras then takes exp(z - logsumexp(z)), and rounds the difference of numbers of the size of z.
        sizes = np.abs(z.value).max(axis=axes, keepdims=True)
        error = error + arithmetic.unit * value * (4 * sizes + 2 * functions.ACCURACY["exponential"].units32)
    error = error if keep is None else np.where(keep, error, 0.0)
    if not call.own_result:  # TensorFlow's result for +inf depends on its kernels (docs/findings.md)
        error = np.where(np.isnan(value), np.inf, error)
    return [Approx(value, error)]
