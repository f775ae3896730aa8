"""Cropping2D."""

from .base import register
from .margins import Cropping


@register("Cropping2D")
class Cropping2D(Cropping):
    """(batch, height, width, channels) -> the same with the ends of height and width cut off.

    Source: https://keras.io/api/layers/reshaping_layers/cropping2d/
    """

    rank = 2
    default = 0  # unlike the other two
