"""What layers share whose output has the shape of the input."""

from typing import Any

from ..spec import Shape
from .base import Array, Layer


class Elementwise(Layer):
    """A layer that keeps the shape and passes the mask on; subclasses give `apply`."""

    supports_masking = True

    def apply(self, x: Array) -> Array:
        """The output for a checked float array."""
        raise NotImplementedError

    def forward(self, x: Any) -> Array:
        """(...) -> (...), the same shape.

        Raises:
            InputError: no elements, no real numbers.
        """
        return self.apply(self.as_numbers(x))

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape
