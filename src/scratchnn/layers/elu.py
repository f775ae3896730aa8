"""ELU."""

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("ELU")
class ELU(Elementwise):
    """x where positive, alpha · (exp(x) - 1) elsewhere: (...) -> (...).

    Source: https://arxiv.org/abs/1511.07289 and https://keras.io/api/layers/activation_layers/elu/

    Args:
        alpha: minus the limit for large negative x.
    """

    bound = "elu"

    def __init__(self, alpha: float = 1.0, *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.alpha = alpha

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "ELU":
        """Build from Keras's ELU config."""
        return cls(options.number("alpha", 1.0))

    def apply(self, x: Array) -> Array:
        """elu(x) with the layer's alpha."""
        return activations.elu(x, self.alpha)

    def as_activation(self) -> activations.WithOptions:
        """The function that this layer is as the activation of another."""
        return activations.WithOptions("elu", (("alpha", self.alpha),))
