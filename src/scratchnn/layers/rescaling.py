"""Rescaling: x · scale + offset."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("Rescaling")
class Rescaling(Elementwise):
    """x · scale + offset: (...) -> (...).

    Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/

    Args:
        scale, offset: a number each, or one for each channel of the last axis.
    """

    bound = "affine"

    def __init__(
        self, scale: Any, offset: Any = 0.0, *, name: str | None = None, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.scale, self.offset = np.asarray(scale, np.float64), np.asarray(offset, np.float64)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Rescaling":
        """Build from Keras's Rescaling config."""
        return cls(*(_numbers(options, key) for key in ("scale", "offset")))

    def apply(self, x: Array) -> Array:
        """x · scale + offset, both rounded to the dtype of x first, as Keras does."""
        return x * self.scale.astype(x.dtype) + self.offset.astype(x.dtype)


def _numbers(options: Options, key: str) -> Any:
    """A number, a list of numbers, or an array as Keras serializes it."""
    value = options.raw(key, 0.0)
    if isinstance(value, dict) and value.get("class_name") == "__numpy__":
        value = value.get("config", {}).get("value")
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or array.ndim > 1:
        raise ConfigError(f"{options.layer}: option {key!r}: expected numbers, got {value!r}")
    return array
