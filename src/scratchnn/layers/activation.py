"""Activation: one of Keras's activation functions as a layer."""

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("Activation")
class Activation(Elementwise):
    """(...) -> activation(...).

    Source: https://keras.io/api/layers/core_layers/activation/

    Args:
        activation: a Keras activation by name, a function, or None.
    """

    bound = "activation"

    def __init__(
        self,
        activation: str | activations.Activation | None,
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.activation = activation
        self.activate = activations.get(activation)

    @property
    def whole_numbers(self) -> str:  # type: ignore[override]
        """Those of `linear`, `relu` and `relu6` stay."""
        return "keep" if self.activate in activations.OF_WHOLE_NUMBERS else "promote"

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Activation":
        """Build from Keras's Activation config."""
        return cls(options.activation())

    def apply(self, x: Array) -> Array:
        """activation(x)."""
        return self.activate(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape, with half the last axis for glu (Keras says the whole, which its output has not)."""
        last = input_shape[-1]
        return (*input_shape[:-1], last // 2) if self.activation == "glu" and last is not None else input_shape

    def mixes_samples(self, input_shape: Shape) -> bool:
        """Whether the function looks along the only axis that there is."""
        return len(input_shape) == 1 and self.activate in activations.ALONG_LAST_AXIS

    def as_activation(self) -> str | activations.Activation | None:
        """The function that this layer is as the activation of another."""
        return self.activation
