"""RMSNormalization: each sample divided by the root of its mean square."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import UnsupportedError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("RMSNormalization")
class RMSNormalization(Layer):
    """scale · x / sqrt(mean(x²) + epsilon), the mean taken over `axis`: (...) -> (...).

    Source: https://arxiv.org/abs/1910.07467 and
    https://keras.io/api/layers/normalization_layers/rms_normalization/

    Args:
        axis: the last axis, or several that are the last ones, over which the mean is taken.
        scale: the sizes along those axes.
        epsilon: added to the mean square, inside the root.
    """

    variables = ("scale",)
    bound = "rms_normalization"

    def __init__(
        self,
        axis: int | Sequence[int],
        scale: Any,
        *,
        epsilon: float = 1e-6,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axes = (axis,) if isinstance(axis, int) else tuple(axis)
        self.scale, self.epsilon = np.asarray(scale), epsilon

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "RMSNormalization":
        """Build from Keras's RMSNormalization config."""
        axes = options.axes("axis", len(input_shape), -1)
        axes = (axes,) if isinstance(axes, int) else tuple(axis % len(input_shape) for axis in axes)
        if sorted(axis % len(input_shape) for axis in axes)[0] != len(input_shape) - len(axes):
            raise UnsupportedError(
                f"{options.layer}: option 'axis': expected the last axes of {input_shape} (Keras scales along "
                f"those whatever the axis), got {axes}"
            )
        axes = tuple(range(-len(axes), 0))
        epsilon = options.number("epsilon", 1e-6, minimum=0)
        return cls(axes, weights.take("scale", [input_shape[axis] for axis in axes]), epsilon=epsilon)

    def forward(self, x: Any) -> Array:
        """Normalize x: (...) -> (...); float16 is worked out in float32, as in Keras.

        Raises:
            InputError: other sizes than the scale's, no elements, no real numbers.
        """
        given = self.as_numbers(x)
        self.output_shape(given.shape)
        x = given.astype(np.result_type(given, np.float32), copy=False)
        root = np.sqrt(np.square(x).mean(axis=self.axes, keepdims=True) + x.dtype.type(self.epsilon))
        return (x / root * np.asarray(self.scale, x.dtype)).astype(given.dtype, copy=False)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        self.check_shape(input_shape, min_ndim=2)
        for axis, size in zip(self.axes, self.scale.shape, strict=True):
            self.check_axis(input_shape, axis, size)
        return input_shape
