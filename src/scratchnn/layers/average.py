"""Average."""

from functools import reduce
from typing import Any

import numpy as np

from .base import Array, register
from .merge import Merge


@register("Average")
class Average(Merge):
    """The mean of the inputs.

    Source: https://keras.io/api/layers/merging_layers/average/
    """

    bound = "sum"

    def merge(self, arrays: list[Array], masks: list[Any]) -> Array:
        """(a + b + ...) / number of inputs."""
        total: Array = reduce(np.add, arrays)
        return total / len(arrays)
