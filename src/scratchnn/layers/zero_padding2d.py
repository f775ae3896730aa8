"""ZeroPadding2D."""

from .base import register
from .margins import ZeroPadding


@register("ZeroPadding2D")
class ZeroPadding2D(ZeroPadding):
    """(batch, height, width, channels) -> the same with zeros around height and width.

    Source: https://keras.io/api/layers/reshaping_layers/zero_padding2d/
    """

    rank = 2
