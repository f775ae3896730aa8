"""Cropping1D."""

from .base import register
from .margins import Cropping


@register("Cropping1D")
class Cropping1D(Cropping):
    """(batch, steps, channels) -> the same with the ends of the steps cut off.

    Source: https://keras.io/api/layers/reshaping_layers/cropping1d/
    """

    rank = 1
