"""Minimum."""

import numpy as np

from .base import Array, register
from .merge import SelectingMerge


@register("Minimum")
class Minimum(SelectingMerge):
    """The smallest of the inputs' elements; a NaN in one of them gives NaN.

    Source: https://keras.io/api/layers/merging_layers/minimum/
    """

    def choose(self, first: Array, second: Array) -> Array:
        """The smaller element of the two."""
        chosen: Array = np.minimum(first, second)
        return chosen
