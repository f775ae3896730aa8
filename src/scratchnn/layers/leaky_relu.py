"""LeakyReLU: a small slope below zero."""

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("LeakyReLU")
class LeakyReLU(Elementwise):
    """x where positive, negative_slope · x elsewhere: (...) -> (...).

    Source: https://keras.io/api/layers/activation_layers/leaky_relu/

    Args:
        negative_slope: the slope below zero; Keras 1 and 2 call it alpha.
    """

    bound = "piecewise_linear"
    whole_numbers = "promote"

    def __init__(
        self, negative_slope: float = 0.3, *, name: str | None = None, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.negative_slope = negative_slope

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "LeakyReLU":
        """Build from Keras's LeakyReLU config."""
        key = "alpha" if "alpha" in options else "negative_slope"
        return cls(options.number(key, 0.3, minimum=0))

    def apply(self, x: Array) -> Array:
        """leaky_relu(x) with the layer's slope."""
        return activations.leaky_relu(x, self.negative_slope)

    def as_activation(self) -> activations.WithOptions:
        """The function that this layer is as the activation of another."""
        return activations.WithOptions("leaky_relu", (("negative_slope", self.negative_slope),))
