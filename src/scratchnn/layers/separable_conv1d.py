"""SeparableConv1D: filters for each channel, then a mixture of the channels."""

from .base import register
from .separable_convolution import SeparableConvolution


@register("SeparableConv1D")
class SeparableConv1D(SeparableConvolution):
    """(batch, steps, channels) -> (batch, out_steps, filters).

    Source: https://keras.io/api/layers/convolution_layers/separable_convolution1d/

    Args:
        weights: the depthwise kernel (kernel_size, channels, multiplier).
        pointwise_weights: the pointwise kernel (1, channels · multiplier, filters).
        biases: the bias (filters,), or None.
        activation, padding, strides, dilation_rate, data_format, use_bias: as for Conv1D.
    """

    rank = 1
