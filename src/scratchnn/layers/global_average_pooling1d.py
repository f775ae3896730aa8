"""GlobalAveragePooling1D, the one pooling layer that heeds a mask."""

from typing import Any

import numpy as np

from ..errors import InputError
from .base import Array, register
from .pooling import GlobalAveragePooling


@register("GlobalAveragePooling1D")
class GlobalAveragePooling1D(GlobalAveragePooling):
    """(batch, steps, channels) -> (batch, channels): the mean over the steps that are not masked.

    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling1d/
    """

    rank = 1
    supports_masking = True

    def forward(self, x: Any, *, mask: Any = None) -> Array:
        """The mean over the steps.

        Args:
            x: (batch, steps, channels), or with the channels second.
            mask: (batch, steps), False where a step does not count; a row without any other gives NaN.

        Raises:
            InputError: another rank or mask shape, or no elements.
        """
        if mask is None:
            return super().forward(x)
        x, keep = self.as_numbers(x, ndim=3), np.asarray(mask, bool)
        (axis,) = self.axes
        if keep.shape != (len(x), x.shape[axis]):
            raise InputError(f"{self.label}: mask: expected shape {(len(x), x.shape[axis])}, got {keep.shape}")
        keep = np.expand_dims(keep, 3 - axis)  # where the channels are
        total = np.where(keep, x, np.zeros_like(x)).sum(axis=axis, keepdims=self.keepdims)
        with np.errstate(invalid="ignore"):  # 0 / 0
            mean: Array = total / keep.sum(axis=axis, keepdims=self.keepdims, dtype=x.dtype)
        return mean

    def compute_mask(self, x: Any, mask: Any) -> None:
        """There are no steps left to mask."""
        return None
