"""Dense: activation(x · W + b) over the last axis."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..spec import Shape
from .base import Array, Layer, glorot_uniform, register
from .options import Options, Weights


@register("Dense")
class Dense(Layer):
    """A fully connected layer on input of any rank: (..., input_dim) -> (..., output_dim).

    Source: https://keras.io/api/layers/core_layers/dense/

    Args:
        input_dim: size of the last axis of the input.
        output_dim: Keras's `units`.
        activation: a Keras activation by name, a function, or None.
        use_bias: whether a bias is added.

    Attributes:
        W, weights: the kernel (input_dim, output_dim).
        b, biases: the bias (output_dim,), or None.
    """

    variables = ("W", "b")
    bound = "dot"
    supports_masking = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        activation: str | activations.Activation | None = None,
        *,
        use_bias: bool = True,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.activation = activation
        self.activate = activations.get(activation)
        self.W = glorot_uniform((input_dim, output_dim), dtype)
        self.b = np.zeros(output_dim, dtype) if use_bias else None

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Dense":
        """Build from Keras's Dense config."""
        units, use_bias = options.integer("units"), options.flag("use_bias", True)
        options.only("lora_rank", None)
        options.only("quantization_config", None)
        W = weights.take("kernel", (input_shape[-1], units))
        layer = cls(len(W), units, options.activation("activation", None), use_bias=use_bias)
        layer.set_weights(W, weights.take("bias", (units,)) if use_bias else None)
        return layer

    @property
    def weights(self) -> Array:
        """The kernel, by its other name."""
        return self.W

    @property
    def biases(self) -> Array | None:
        """The bias, by its other name."""
        return self.b

    def set_weights(self, W: Any, b: Any = None) -> None:
        """Set kernel (input_dim, output_dim) and bias (output_dim,).

        Raises:
            WeightError: another shape; a bias too many or too few.
        """
        self.W, self.b = self.as_weights(W=(W, self.W), b=(b, self.b))

    def linear(self, x: Array) -> Array:
        """x · W + b, before the activation: (..., input_dim) -> (..., output_dim)."""
        z = x @ np.asarray(self.W, x.dtype)
        return z if self.b is None else z + np.asarray(self.b, x.dtype)

    def forward(self, x: Any) -> Array:
        """activation(x · W + b): (..., input_dim) -> (..., output_dim).

        Raises:
            InputError: rank below 2, another last axis, no elements, no real numbers.
        """
        return self.activate(self.linear(self.as_numbers(x, min_ndim=2, last=len(self.W))))

    def output_shape(self, input_shape: Shape) -> Shape:
        """(..., input_dim) -> (..., output_dim)."""
        self.check_shape(input_shape, min_ndim=2, last=len(self.W))
        return (*input_shape[:-1], self.W.shape[1])


DenseLayer = Dense
