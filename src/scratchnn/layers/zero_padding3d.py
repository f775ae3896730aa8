"""ZeroPadding3D."""

from .base import register
from .margins import ZeroPadding


@register("ZeroPadding3D")
class ZeroPadding3D(ZeroPadding):
    """(batch, depth, height, width, channels) -> the same with zeros around depth, height and width.

    Source: https://keras.io/api/layers/reshaping_layers/zero_padding3d/
    """

    rank = 3
