"""Batch normalization folded into the weights before it."""

import numpy as np

from ..layers.base import Array
from ..layers.batch_normalization import BatchNormalization


def fold_normalization(layer: BatchNormalization, kernel: Array, bias: Array | None) -> tuple[Array, Array]:
    """Kernel and bias that give normalize(x · kernel + bias) at once.

    With s = gamma / sqrt(moving_variance + epsilon), the result (x · kernel + bias - moving_mean) · s + beta is
    x · (kernel · s) + ((bias - moving_mean) · s + beta). It is worked out in float64 and rounded once.

    Args:
        layer: the normalization of the last axis.
        kernel: (..., channels).
        bias: (channels,), or None.

    Returns:
        kernel (..., channels) and bias (channels,), float64.
    """
    scale = 1 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
    if layer.gamma is not None:
        scale = scale * layer.gamma
    shift = (np.float64(0) if bias is None else np.asarray(bias, np.float64)) - layer.moving_mean
    beta = np.float64(0) if layer.beta is None else np.asarray(layer.beta, np.float64)
    return kernel * scale, shift * scale + beta
