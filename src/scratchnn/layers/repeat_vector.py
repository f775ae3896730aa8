"""RepeatVector: the same vector at each of n steps."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("RepeatVector")
class RepeatVector(Layer):
    """(batch, features) -> (batch, n, features).

    Source: https://keras.io/api/layers/reshaping_layers/repeat_vector/

    Args:
        n: number of steps.
    """

    bound = "exact"
    whole_numbers = "keep"

    def __init__(self, n: int, *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.n = n

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "RepeatVector":
        """Build from Keras's RepeatVector config."""
        layer = cls(options.integer("n"))
        layer.output_shape(input_shape)
        return layer

    def forward(self, x: Any) -> Array:
        """The vectors, n times.

        Raises:
            InputError: another rank, no elements, no real numbers.
        """
        return np.repeat(self.as_numbers(x, ndim=2)[:, None], self.n, axis=1)

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, features) -> (batch, n, features)."""
        self.check_shape(input_shape, ndim=2)
        return (input_shape[0], self.n, input_shape[1])
