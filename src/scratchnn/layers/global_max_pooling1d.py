"""GlobalMaxPooling1D."""

from .base import register
from .pooling import GlobalMaxPooling


@register("GlobalMaxPooling1D")
class GlobalMaxPooling1D(GlobalMaxPooling):
    """(batch, steps, channels) -> (batch, channels).

    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling1d/
    """

    rank = 1
