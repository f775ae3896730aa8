"""Rules for activation functions as layers."""

import numpy as np

from .. import functions
from ..arithmetic import Approx
from .base import Call, rule


@rule("activation")
def activation(call: Call) -> list[Approx]:
    """The function that the layer's `activation` names."""
    return [functions.activate(call.arithmetic, call.layer.activation, call.arithmetic.exact(call.x))]


@rule("piecewise_linear")
def piecewise_linear(call: Call) -> list[Approx]:
    """Slopes and thresholds (ReLU, LeakyReLU, PReLU): slope · (x - threshold), with the slope rounded."""
    arithmetic, x = call.arithmetic, call.arithmetic.exact(call.x)
    threshold = abs(getattr(call.layer, "threshold", 0.0))
    slope = np.abs(getattr(call.layer, "negative_slope", 0.0))
    (value,) = call.run()
    # Where the slope applies, the subtraction rounds numbers of the size of the threshold.
    below = np.where(call.x < threshold, slope * threshold, 0.0)
    unit = arithmetic.gamma(3) + arithmetic.constant_unit  # the slope itself is rounded
    error = unit * (np.abs(value) + below) + (1 + slope) * x.error
    return [arithmetic.bounded(value, error + 4 * arithmetic.tiny * (value != 0))]


@rule("softmax", sided=True)
def softmax(call: Call) -> list[Approx]:
    """softmax along `axis`, where a mask puts Keras's large negative number."""
    arithmetic, x = call.arithmetic, call.x
    keep = None if call.mask is None else np.broadcast_to(np.asarray(call.mask, bool), x.shape)
    if keep is not None:
        x = np.where(keep, x, -3e4 if arithmetic.dtype == np.float16 else -1e9)
    z = arithmetic.exact(x)
    result = functions.last_axes(call.layer.axis, z, lambda rows: functions.softmax(arithmetic, rows))
    (value,) = call.run()
    error = result.error if keep is None else np.where(keep, result.error, 0.0)
    if not call.own_result:  # TensorFlow's result for +inf depends on its kernels (docs/findings.md)
        error = np.where(np.isnan(value), np.inf, error)
    return [Approx(value, error)]
