"""UpSampling2D."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..spec import Shape
from .base import Array, register
from .options import Options, Weights
from .up_sampling import UpSampling


@register("UpSampling2D")
class UpSampling2D(UpSampling):
    """(batch, height, width, channels) -> the same with more positions along height and width.

    Source: https://keras.io/api/layers/reshaping_layers/up_sampling2d/

    Args:
        size: how many times as many, one integer or one for each axis.
        data_format: 'channels_last' or 'channels_first'.
        interpolation: 'nearest' repeats, 'bilinear' interpolates between the middles of the pixels.
    """

    rank = 2
    bound = "up_sampling"

    def __init__(
        self,
        size: int | Sequence[int] = 2,
        *,
        data_format: str = "channels_last",
        interpolation: str = "nearest",
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(size, data_format=data_format, name=name, dtype=dtype)
        self.interpolation = interpolation

    @property
    def whole_numbers(self) -> str:  # type: ignore[override]
        """Repeated they are the same; interpolated they are floats."""
        return "keep" if self.interpolation == "nearest" else "cast"

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "UpSampling2D":
        """Build from Keras's config."""
        layer = super().from_config(options, weights, input_shape)
        assert isinstance(layer, UpSampling2D)  # for the type checker
        layer.interpolation = options.choice("interpolation", ("nearest", "bilinear"), "nearest")
        return layer

    def forward(self, x: Any) -> Array:
        """x with more positions.

        Raises:
            InputError: another rank, no elements, no real numbers.
        """
        if self.interpolation == "nearest":
            return super().forward(x)
        x = self.as_numbers(x, ndim=4)
        for axis, times in reversed(list(enumerate(self.size, start=self.first_axis))):
            x = interpolated(x, axis, times)  # the width first, as TensorFlow does
        return x


def interpolated(x: Array, axis: int, times: int) -> Array:
    """Linear interpolation along an axis to `times` as many positions, the ends held.

    Output i lies at (i + 1/2) / times - 1/2 of the input.
    """
    size = x.shape[axis]
    doubled = 2 * np.arange(size * times) + 1 - times  # the place times 2 · times, a whole number
    lower = np.maximum(doubled // (2 * times), 0)
    upper = np.minimum(-(-doubled // (2 * times)), size - 1)
    share = (doubled % (2 * times) / (2 * times)).astype(x.dtype)
    shape = [1] * x.ndim
    shape[axis] = len(share)
    first, second = x.take(lower, axis), x.take(upper, axis)
    return first + (second - first) * share.reshape(shape)
