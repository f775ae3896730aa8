"""ThresholdedReLU of Keras 1 and 2."""

import numpy as np
from numpy.typing import DTypeLike

from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("ThresholdedReLU")
class ThresholdedReLU(Elementwise):
    """x where it is above theta, 0 elsewhere: (...) -> (...).

    Source: https://arxiv.org/abs/1402.3337; Keras 3 keeps it for old files (keras.src.legacy.layers).

    Args:
        theta: the threshold.
    """

    bound = "kept"

    def __init__(self, theta: float = 1.0, *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.theta = theta

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "ThresholdedReLU":
        """Build from Keras's ThresholdedReLU config."""
        return cls(options.number("theta", 1.0, minimum=0))

    def apply(self, x: Array) -> Array:
        """x times 1 or 0, so that -inf gives NaN as in Keras."""
        return x * (x > x.dtype.type(self.theta)).astype(x.dtype)
