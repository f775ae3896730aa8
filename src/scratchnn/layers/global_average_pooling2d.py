"""GlobalAveragePooling2D."""

from .base import register
from .pooling import GlobalAveragePooling


@register("GlobalAveragePooling2D")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """(batch, height, width, channels) -> (batch, channels).

    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
    """

    rank = 2
