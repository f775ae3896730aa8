"""Flatten: everything but the batch axis in one row."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..spec import Shape
from .base import Array, Layer, register
from .convolution import to_channels_last
from .options import Options, Weights


@register("Flatten")
class Flatten(Layer):
    """(batch, ...) -> (batch, product of the rest), row-major, channels last.

    Source: https://keras.io/api/layers/reshaping_layers/flatten/

    Args:
        data_format: 'channels_first' moves the channels to the end first, as Keras does.
    """

    bound = "exact"
    whole_numbers = "keep"

    def __init__(
        self,
        *,
        data_format: str = "channels_last",
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.data_format = data_format

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Flatten":
        """Build from Keras's Flatten config."""
        return cls(data_format=options.data_format())

    def forward(self, x: Any) -> Array:
        """(batch, ...) -> (batch, -1).

        Raises:
            InputError: no elements, no real numbers.
        """
        x = self.as_numbers(x)
        if x.ndim > 1:
            x = to_channels_last(x, self.data_format)
        return x.reshape(len(x), -1)

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, ...) -> (batch, product), None where a size is not known."""
        self.check_shape(input_shape)
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(n for n in rest if n is not None))


FlattenLayer = Flatten
