"""UpSampling1D."""

from .base import register
from .up_sampling import UpSampling


@register("UpSampling1D")
class UpSampling1D(UpSampling):
    """(batch, steps, channels) -> the same with each position repeated along the steps.

    Source: https://keras.io/api/layers/reshaping_layers/up_sampling1d/

    Args:
        size: how many times each position comes, one integer or one for each axis.
        data_format: 'channels_last' or 'channels_first'.
    """

    rank = 1
