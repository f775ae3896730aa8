"""Cropping3D."""

from .base import register
from .margins import Cropping


@register("Cropping3D")
class Cropping3D(Cropping):
    """(batch, depth, height, width, channels) -> the same with the ends of depth, height and width cut off.

    Source: https://keras.io/api/layers/reshaping_layers/cropping3d/
    """

    rank = 3
