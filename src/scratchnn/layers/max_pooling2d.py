"""MaxPooling2D."""

from .base import register
from .pooling import MaxPooling


@register("MaxPooling2D")
class MaxPooling2D(MaxPooling):
    """(batch, height, width, channels) -> (batch, out_height, out_width, channels).

    Source: https://keras.io/api/layers/pooling_layers/max_pooling2d/

    Args:
        pool_size: height and width of a window, or one integer for both.
        strides: steps from window to window; None means the pool size.
        padding: 'valid' or 'same' (TensorFlow's).
        data_format: 'channels_last' or 'channels_first'.
    """

    rank = 2


MaxPooling2DLayer = MaxPooling2D
