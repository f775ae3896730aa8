"""DepthwiseConv2D: each channel has filters of its own."""

from .base import register
from .depthwise_convolution import DepthwiseConvolution


@register("DepthwiseConv2D")
class DepthwiseConv2D(DepthwiseConvolution):
    """(batch, height, width, channels) -> (batch, out_height, out_width, channels · multiplier).

    Source: https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/

    Args:
        weights: the kernel (kernel_height, kernel_width, channels, multiplier).
        biases: the bias (channels · multiplier,), or None.
        activation, padding, strides, dilation_rate, data_format, use_bias: as for Conv2D.
    """

    rank = 2
