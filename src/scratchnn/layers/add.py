"""Add."""

from functools import reduce
from typing import Any

import numpy as np

from .base import Array, register
from .merge import Merge


@register("Add")
class Add(Merge):
    """The sum of the inputs, from the first to the last.

    Source: https://keras.io/api/layers/merging_layers/add/
    """

    bound = "sum"

    def merge(self, arrays: list[Array], masks: list[Any]) -> Array:
        """a + b + ..."""
        return reduce(np.add, arrays)
