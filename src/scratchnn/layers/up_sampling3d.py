"""UpSampling3D."""

from .base import register
from .up_sampling import UpSampling


@register("UpSampling3D")
class UpSampling3D(UpSampling):
    """(batch, depth, height, width, channels) -> the same with each position repeated.

    Source: https://keras.io/api/layers/reshaping_layers/up_sampling3d/

    Args:
        size: how many times each position comes, one integer or one for each axis.
        data_format: 'channels_last' or 'channels_first'.
    """

    rank = 3
