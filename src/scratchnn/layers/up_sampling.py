"""What the UpSampling layers share: each position several times."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..spec import Shape
from .base import Array, Layer
from .convolution import pair
from .options import Options, Weights


class UpSampling(Layer):
    """Repeats each position of `rank` spatial axes.

    Attributes:
        size: how many times, for each axis.
        data_format: 'channels_last' or 'channels_first'.
    """

    rank: ClassVar[int]
    bound = "exact"
    whole_numbers = "keep"

    def __init__(
        self,
        size: int | Sequence[int] = 2,
        *,
        data_format: str = "channels_last",
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.size = pair(size, self.rank, f"{self.label}: size")
        self.data_format = data_format

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "UpSampling":
        """Build from Keras's config."""
        layer = cls(options.sizes("size", cls.rank, 2), data_format=options.data_format())
        layer.output_shape(input_shape)
        return layer

    @property
    def first_axis(self) -> int:
        """The first spatial axis."""
        return 2 if self.data_format == "channels_first" else 1

    def forward(self, x: Any) -> Array:
        """x with each position repeated.

        Raises:
            InputError: another rank, no elements, no real numbers.
        """
        x = self.as_numbers(x, ndim=self.rank + 2)
        for axis, times in enumerate(self.size, start=self.first_axis):
            x = self.grow(x, axis, times)
        return x

    def grow(self, x: Array, axis: int, times: int) -> Array:
        """x with `times` as many positions along one axis."""
        return np.repeat(x, times, axis=axis)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The sizes times the layer's."""
        self.check_shape(input_shape, ndim=self.rank + 2)
        shape = list(input_shape)
        for axis, times in enumerate(self.size, start=self.first_axis):
            known = shape[axis]
            shape[axis] = None if known is None else known * times
        return tuple(shape)
