"""Conv2DTranspose."""

from .base import register
from .transposed_convolution import TransposedConvolution


@register("Conv2DTranspose")
class Conv2DTranspose(TransposedConvolution):
    """(batch, height, width, channels) -> (batch, out_height, out_width, filters).

    Source: https://keras.io/api/layers/convolution_layers/convolution2d_transpose/

    Args:
        weights: the kernel (kernel_height, kernel_width, filters, channels).
        biases: the bias (filters,), or None.
        activation, strides, dilation_rate, data_format, use_bias: as for Conv2D.
        padding: 'valid' or 'same', of the convolution that this one goes against.
        output_padding: what is added to the size of the output, one integer or one for each axis; None: the size
            is the stride times the input's for 'same', the least that holds every window for 'valid'.
    """

    rank = 2
