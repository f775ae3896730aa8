"""Reshape: other axes for the same numbers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError, InputError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("Reshape")
class Reshape(Layer):
    """(batch, ...) -> (batch, *target_shape), row-major.

    Source: https://keras.io/api/layers/reshaping_layers/reshape/

    Args:
        target_shape: sizes without the batch axis; one of them may be -1, to be worked out.
    """

    bound = "exact"
    whole_numbers = "keep"

    def __init__(
        self, target_shape: Sequence[int], *, name: str | None = None, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.target_shape = tuple(target_shape)
        if self.target_shape.count(-1) > 1 or any(n < 1 and n != -1 for n in self.target_shape):
            raise ConfigError(
                f"{self.label}: target_shape: expected positive integers and at most one -1, got {target_shape!r}"
            )

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Reshape":
        """Build from Keras's Reshape config."""
        target = options.raw("target_shape")
        if not isinstance(target, list | tuple) or not all(
            n is None or (isinstance(n, int) and not isinstance(n, bool)) for n in target
        ):
            raise ConfigError(f"{options.layer}: option 'target_shape': expected integers, got {target!r}")
        return cls([-1 if n is None else n for n in target])

    def forward(self, x: Any) -> Array:
        """(batch, ...) -> (batch, *target_shape).

        Raises:
            InputError: a sample has another number of elements than the target.
        """
        x = self.as_numbers(x)
        self.output_shape(x.shape)
        return x.reshape(len(x), *self.target_shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *target_shape) with -1 worked out where the input's sizes are known."""
        rest = input_shape[1:]
        if None in rest:
            return (input_shape[0], *(None if n == -1 else n for n in self.target_shape))
        size = math.prod(n for n in rest if n is not None)
        known = math.prod(n for n in self.target_shape if n != -1)
        open_axis = -1 in self.target_shape
        if size % known or (not open_axis and size != known):
            raise InputError(
                f"{self.label}: a sample of shape {rest} has {size} elements, the target "
                f"{self.target_shape} does not take them"
            )
        return (input_shape[0], *(size // known if n == -1 else n for n in self.target_shape))
