"""UnitNormalization: each sample scaled to length 1."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("UnitNormalization")
class UnitNormalization(Elementwise):
    """x over its Euclidean norm along one axis or several: (...) -> (...).

    Source: https://keras.io/api/layers/normalization_layers/unit_normalization/

    Args:
        axis: the axes over which the squares are summed.
        longest: what x is scaled by at most; without it a zero would give NaN.
    """

    bound = "unit_normalization"

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        longest: float = 1e12,
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axis = axis if isinstance(axis, int) else tuple(axis)
        self.longest = longest

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "UnitNormalization":
        """Build from Keras's UnitNormalization config."""
        axes = options.axes("axis", len(input_shape), -1)
        return cls(axes, 1e12 if options.keras_version >= 3 else 1e6)  # Keras 2: squares of at least 1e-12

    def apply(self, x: Array) -> Array:
        """x / |x|."""
        return unit_length(x, self.axis, self.longest)


def unit_length(x: Array, axis: int | tuple[int, ...], longest: float) -> Array:
    """x · min(1 / |x|, longest), with the Euclidean norm along the axes."""
    with np.errstate(all="ignore"):  # 1 / 0 is cut at `longest`; squares that overflow give 0, as in Keras
        inverse = 1 / np.sqrt(np.square(x).sum(axis=axis, keepdims=True))
        scaled: Array = x * np.minimum(inverse, x.dtype.type(longest))
    return scaled
