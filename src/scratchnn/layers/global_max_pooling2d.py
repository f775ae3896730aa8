"""GlobalMaxPooling2D."""

from .base import register
from .pooling import GlobalMaxPooling


@register("GlobalMaxPooling2D")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """(batch, height, width, channels) -> (batch, channels).

    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling2d/
    """

    rank = 2
