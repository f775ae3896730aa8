"""ZeroPadding1D."""

from .base import register
from .margins import ZeroPadding


@register("ZeroPadding1D")
class ZeroPadding1D(ZeroPadding):
    """(batch, steps, channels) -> the same with zeros around the steps.

    Source: https://keras.io/api/layers/reshaping_layers/zero_padding1d/
    """

    rank = 1
