"""Conv3D: a convolution over three axes."""

from .base import register
from .convolution import Convolution


@register("Conv3D")
class Conv3D(Convolution):
    """(batch, depth, height, width, channels) -> (batch, out_depth, out_height, out_width, filters).

    Source: https://keras.io/api/layers/convolution_layers/convolution3d/

    Args:
        weights: the kernel (kernel_depth, kernel_height, kernel_width, channels / groups, filters).
        biases: the bias (filters,), or None.
        activation, padding, strides, dilation_rate, groups, data_format, use_bias: as for Conv2D.
    """

    rank = 3
