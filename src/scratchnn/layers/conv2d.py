"""Conv2D: a convolution over height and width."""

from .base import register
from .convolution import Convolution


@register("Conv2D")
class Conv2D(Convolution):
    """(batch, height, width, channels) -> (batch, out_height, out_width, filters).

    Source: https://keras.io/api/layers/convolution_layers/convolution2d/

    Args:
        weights: the kernel (kernel_height, kernel_width, channels / groups, filters).
        biases: the bias (filters,), or None.
        activation: a Keras activation by name, a function, or None.
        padding: 'same' (TensorFlow's: what is odd goes after, and the amount depends on the strides) or 'valid'.
        strides, dilation_rate: one integer or one for each axis.
        groups: the channels are split into this many groups, each with its own filters.
        data_format: 'channels_last' or 'channels_first' (batch, channels, height, width).
        use_bias: False leaves the bias out.
    """

    rank = 2


Conv2DLayer = Conv2D
