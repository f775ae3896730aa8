"""MaxPooling1D."""

from .base import register
from .pooling import MaxPooling


@register("MaxPooling1D")
class MaxPooling1D(MaxPooling):
    """(batch, steps, channels) -> (batch, out_steps, channels).

    Source: https://keras.io/api/layers/pooling_layers/max_pooling1d/

    Args:
        pool_size: steps of a window.
        strides: steps from window to window; None means the pool size.
        padding: 'valid' or 'same' (TensorFlow's).
        data_format: 'channels_last' or 'channels_first'.
    """

    rank = 1
