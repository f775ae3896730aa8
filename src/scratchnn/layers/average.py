"""Average."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from .base import Array, register
from .merge import Merge


@register("Average")
class Average(Merge):
    """The mean of the inputs; of whole numbers it is a float, of 64 bits where they have more than 16.

    Source: https://keras.io/api/layers/merging_layers/average/
    """

    bound = "sum"

    def merge(self, arrays: list[Array], masks: list[Any]) -> Array:
        """(a + b + ...) / number of inputs."""
        total: Array = reduce(np.add, arrays)
        total = total if total.dtype.kind == "f" else total.astype(_quotient_dtype(total.dtype))
        return total / len(arrays)

    def result_dtype(self, args: Sequence[Any]) -> np.dtype[Any]:
        """The layer's dtype, or that of a quotient of whole numbers where all inputs are such."""
        whole = np.result_type(*map(np.asarray, args[0]))
        return _quotient_dtype(whole) if whole.kind in "iu" else self.dtype


def _quotient_dtype(whole: np.dtype[Any]) -> np.dtype[Any]:
    """What the division of whole numbers gives in TensorFlow.

    Source: https://www.tensorflow.org/api_docs/python/tf/math/truediv
    """
    return np.dtype(np.float32 if whole.itemsize <= 2 else np.float64)
