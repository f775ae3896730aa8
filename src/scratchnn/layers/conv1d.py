"""Conv1D: a convolution over time."""

from .base import register
from .convolution import PADDINGS, Convolution


@register("Conv1D")
class Conv1D(Convolution):
    """(batch, steps, channels) -> (batch, out_steps, filters).

    Source: https://keras.io/api/layers/convolution_layers/convolution1d/

    Args:
        weights: the kernel (kernel_size, channels / groups, filters).
        biases: the bias (filters,), or None.
        activation: a Keras activation by name, a function, or None.
        padding: 'same', 'valid' or 'causal' (all of it before, so that no output sees a later step).
        strides, dilation_rate: one integer.
        groups: the channels are split into this many groups, each with its own filters.
        data_format: 'channels_last' or 'channels_first' (batch, channels, steps).
        use_bias: False leaves the bias out.
    """

    rank = 1
    paddings = (*PADDINGS, "causal")
