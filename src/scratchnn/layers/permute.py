"""Permute: the axes in another order."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("Permute")
class Permute(Layer):
    """(batch, ...) -> (batch, ...) with the other axes permuted.

    Source: https://keras.io/api/layers/reshaping_layers/permute/

    Args:
        dims: for each axis of the output the axis of the input, counted from 1 (the batch axis is 0).
    """

    bound = "exact"
    whole_numbers = "keep"

    def __init__(self, dims: Sequence[int], *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ConfigError(f"{self.label}: dims: expected the axes 1, 2, ... in some order, got {dims!r}")

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Permute":
        """Build from Keras's Permute config."""
        dims = options.sizes("dims", len(input_shape) - 1)
        if sorted(dims) != list(range(1, len(input_shape))):
            raise ConfigError(f"{options.layer}: option 'dims': expected the axes of {input_shape}, got {dims!r}")
        return cls(dims)

    def forward(self, x: Any) -> Array:
        """The transpose.

        Raises:
            InputError: another rank, no elements, no real numbers.
        """
        return self.as_numbers(x, ndim=len(self.dims) + 1).transpose(0, *self.dims)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The sizes in the new order."""
        self.check_shape(input_shape, ndim=len(self.dims) + 1)
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))
