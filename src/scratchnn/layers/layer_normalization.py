"""LayerNormalization: each sample with the mean and the variance of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("LayerNormalization")
class LayerNormalization(Layer):
    """gamma · (x - mean) / sqrt(variance + epsilon) + beta, both taken over `axis`: (...) -> (...).

    Source: https://arxiv.org/abs/1607.06450 and
    https://keras.io/api/layers/normalization_layers/layer_normalization/

    Args:
        axis: one axis or several, over which mean and variance are taken.
        gamma, beta: the sizes along those axes, or None where the layer does not scale or center.
        epsilon: added to the variance, inside the root.
    """

    variables = ("gamma", "beta")
    bound = "layer_normalization"
    autocast = False
    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        gamma: Any = None,
        beta: Any = None,
        *,
        epsilon: float = 1e-3,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axes = (axis,) if isinstance(axis, int) else tuple(sorted(axis))  # the order of gamma's axes
        self.epsilon = epsilon
        self.gamma, self.beta = (None if array is None else np.asarray(array) for array in (gamma, beta))

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "LayerNormalization":
        """Build from Keras's LayerNormalization config."""
        axes = options.axes("axis", len(input_shape), -1)
        axes = (axes,) if isinstance(axes, int) else tuple(sorted(axes))
        options.only("rms_scaling", False)
        epsilon, sizes = options.number("epsilon", 1e-3, minimum=0), [input_shape[axis] for axis in axes]
        gamma = weights.take("gamma", sizes) if options.flag("scale", True) else None
        beta = weights.take("beta", sizes) if options.flag("center", True) else None
        return cls(axes, gamma, beta, epsilon=epsilon)

    def stretched(self, weight: Array, ndim: int) -> Array:
        """gamma or beta with axes of size 1 where the input has others."""
        shape = [1] * ndim
        for axis, size in zip(self.axes, weight.shape, strict=True):
            shape[axis] = size
        return weight.reshape(shape)

    def forward(self, x: Any) -> Array:
        """Normalize x: (...) -> (...); float16 is worked out in float32, as in Keras.

        Raises:
            InputError: other sizes than gamma's and beta's, no elements, no real numbers.
        """
        given = self.as_numbers(x)
        self.output_shape(given.shape)
        x = given.astype(np.result_type(given, np.float32), copy=False)
        centered = x - x.mean(axis=self.axes, keepdims=True)
        variance = np.square(centered).mean(axis=self.axes, keepdims=True)
        y = centered / np.sqrt(variance + x.dtype.type(self.epsilon))
        if self.gamma is not None:
            y = y * self.stretched(np.asarray(self.gamma, x.dtype), x.ndim)
        if self.beta is not None:
            y = y + self.stretched(np.asarray(self.beta, x.dtype), x.ndim)
        return y.astype(given.dtype, copy=False)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        self.check_shape(input_shape, min_ndim=2)
        for weight in (self.gamma, self.beta):
            for axis, size in zip(self.axes, () if weight is None else weight.shape, strict=False):
                self.check_axis(input_shape, axis, size)
        return input_shape
