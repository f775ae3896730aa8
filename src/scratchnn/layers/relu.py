"""ReLU with a slope, a ceiling and a threshold."""

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("ReLU")
class ReLU(Elementwise):
    """x above the threshold, negative_slope · (x - threshold) below it, cut at max_value: (...) -> (...).

    Source: https://keras.io/api/layers/activation_layers/relu/

    Args:
        max_value: the ceiling, or None.
        negative_slope: slope below the threshold.
        threshold: where the function leaves the slope.
    """

    bound = "piecewise_linear"

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    @property
    def whole_numbers(self) -> str:  # type: ignore[override]
        """They are cut, but not sloped."""
        return "keep" if self.negative_slope == 0 else "promote"

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "ReLU":
        """Build from Keras's ReLU config."""
        ceiling = options.raw("max_value", None)
        return cls(
            None if ceiling is None else options.number("max_value", minimum=0),
            options.number("negative_slope", 0.0, minimum=0),
            options.number("threshold", 0.0, minimum=0),
        )

    def apply(self, x: Array) -> Array:
        """relu(x) with the layer's slope, ceiling and threshold."""
        return activations.relu(x, self.negative_slope, self.max_value, self.threshold)

    def as_activation(self) -> activations.WithOptions:
        """The function that this layer is as the activation of another."""
        names = ("max_value", "negative_slope", "threshold")
        return activations.WithOptions("relu", tuple((name, getattr(self, name)) for name in names))
