"""Maximum."""

import numpy as np

from .base import Array, register
from .merge import SelectingMerge


@register("Maximum")
class Maximum(SelectingMerge):
    """The largest of the inputs' elements; a NaN in one of them gives NaN.

    Source: https://keras.io/api/layers/merging_layers/maximum/
    """

    def choose(self, first: Array, second: Array) -> Array:
        """The larger element of the two."""
        chosen: Array = np.maximum(first, second)
        return chosen
