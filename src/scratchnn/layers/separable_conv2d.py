"""SeparableConv2D: filters for each channel, then a mixture of the channels."""

from .base import register
from .separable_convolution import SeparableConvolution


@register("SeparableConv2D")
class SeparableConv2D(SeparableConvolution):
    """(batch, height, width, channels) -> (batch, out_height, out_width, filters).

    Source: https://keras.io/api/layers/convolution_layers/separable_convolution2d/

    Args:
        weights: the depthwise kernel (kernel_height, kernel_width, channels, multiplier).
        pointwise_weights: the pointwise kernel (1, 1, channels · multiplier, filters).
        biases: the bias (filters,), or None.
        activation, padding, strides, dilation_rate, data_format, use_bias: as for Conv2D.
    """

    rank = 2
