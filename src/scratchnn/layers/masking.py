"""Masking: steps that hold nothing but one value are skipped by the layers that follow."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("Masking")
class Masking(Elementwise):
    """(batch, time, features) -> the same, zeros at the masked steps.

    Source: https://keras.io/api/layers/core_layers/masking/

    Args:
        mask_value: a step is masked where all its features equal this.
    """

    bound = "kept"
    whole_numbers = "keep"

    def __init__(self, mask_value: float = 0.0, *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.mask_value = mask_value

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Masking":
        """Build from Keras's Masking config."""
        return cls(options.number("mask_value", 0.0))

    def apply(self, x: Array) -> Array:
        """x, with zeros where the step is masked."""
        numbers = x.astype(np.int32) if x.dtype.kind == "b" else x
        return np.where(self._kept(x)[..., None], numbers, np.zeros_like(numbers))

    def _kept(self, x: Array) -> Array:
        """False where every feature equals the mask value, in the dtype of x, or float32 for whole numbers."""
        floats = x if x.dtype.kind == "f" else x.astype(np.float32)
        kept: Array = (floats != floats.dtype.type(self.mask_value)).any(axis=-1)
        return kept

    def compute_mask(self, x: Any, mask: Any) -> Array:
        """True where a step is not masked; a mask of the input plays no part, as in Keras."""
        return self._kept(self.as_numbers(x))
