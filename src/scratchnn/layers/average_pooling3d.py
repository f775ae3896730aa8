"""AveragePooling3D."""

from .base import register
from .pooling import AveragePooling


@register("AveragePooling3D")
class AveragePooling3D(AveragePooling):
    """(batch, depth, height, width, channels) -> the same with pooled sizes.

    Source: https://keras.io/api/layers/pooling_layers/average_pooling3d/

    Args:
        pool_size: depth, height and width of a window, or one integer for all.
        strides: steps from window to window; None means the pool size.
        padding: 'valid' or 'same' (TensorFlow's).
        data_format: 'channels_last' or 'channels_first'.
    """

    rank = 3
