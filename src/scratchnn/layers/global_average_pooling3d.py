"""GlobalAveragePooling3D."""

from .base import register
from .pooling import GlobalAveragePooling


@register("GlobalAveragePooling3D")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """(batch, depth, height, width, channels) -> (batch, channels).

    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling3d/
    """

    rank = 3
