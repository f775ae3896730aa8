"""DepthwiseConv1D: each channel has filters of its own."""

from .base import register
from .depthwise_convolution import DepthwiseConvolution


@register("DepthwiseConv1D")
class DepthwiseConv1D(DepthwiseConvolution):
    """(batch, steps, channels) -> (batch, out_steps, channels · multiplier).

    Source: https://keras.io/api/layers/convolution_layers/depthwise_convolution1d/

    Args:
        weights: the kernel (kernel_size, channels, multiplier).
        biases: the bias (channels · multiplier,), or None.
        activation, padding, strides, dilation_rate, data_format, use_bias: as for Conv1D.
    """

    rank = 1
