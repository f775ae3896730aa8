"""MaxPooling3D."""

from .base import register
from .pooling import MaxPooling


@register("MaxPooling3D")
class MaxPooling3D(MaxPooling):
    """(batch, depth, height, width, channels) -> the same with pooled sizes.

    Source: https://keras.io/api/layers/pooling_layers/max_pooling3d/

    Args:
        pool_size: depth, height and width of a window, or one integer for all.
        strides: steps from window to window; None means the pool size.
        padding: 'valid' or 'same' (TensorFlow's).
        data_format: 'channels_last' or 'channels_first'.
    """

    rank = 3
