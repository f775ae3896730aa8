"""GlobalMaxPooling3D."""

from .base import register
from .pooling import GlobalMaxPooling


@register("GlobalMaxPooling3D")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """(batch, depth, height, width, channels) -> (batch, channels).

    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling3d/
    """

    rank = 3
