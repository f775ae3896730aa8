"""Softmax along one axis or several."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..errors import ConfigError
from ..spec import Shape
from .base import Array, is_of_samples, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("Softmax")
class Softmax(Elementwise):
    """exp(x) over its sum along `axis`: (...) -> (...).

    Source: https://keras.io/api/layers/activation_layers/softmax/

    Args:
        axis: one axis or several.
    """

    bound = "softmax"

    def __init__(
        self, axis: int | Sequence[int] = -1, *, name: str | None = None, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axis = axis if isinstance(axis, int) else tuple(axis)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Softmax":
        """Build from Keras's Softmax config."""
        axis = options.raw("axis", -1)
        axes = axis if isinstance(axis, list | tuple) else [axis]
        if not axes or any(isinstance(n, bool) or not isinstance(n, int) for n in axes):
            raise ConfigError(f"{options.layer}: option 'axis': expected integers, got {axis!r}")
        return cls(axis)

    def forward(self, x: Any, *, mask: Any = None) -> Array:
        """softmax(x); where a mask (broadcastable to x) is False, the output is 0 and takes no share.

        Raises:
            InputError: no elements, no real numbers.
        """
        x = self.as_numbers(x)
        if mask is None:
            return self.apply(x)
        # Keras puts these constants, not -inf, so that a row that is masked throughout stays finite.
        keep, lowest = np.asarray(mask, bool), -3e4 if x.dtype == np.float16 else -1e9
        return np.where(keep, self.apply(np.where(keep, x, x.dtype.type(lowest))), np.zeros_like(x))

    def mixes_samples(self, input_shape: Shape) -> bool:
        """Whether they are among the layer's axes."""
        return is_of_samples(self.axis, input_shape)

    def apply(self, x: Array) -> Array:
        """softmax(x) along the layer's axes."""
        return activations.softmax(x, self.axis)
