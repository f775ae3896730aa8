"""Multiply."""

from functools import reduce
from typing import Any

import numpy as np

from .base import Array, register
from .merge import Merge, stretch


@register("Multiply")
class Multiply(Merge):
    """The product of the inputs, from the first to the last; a masked element counts as 1.

    Where every input has a mask, the output is 0 where all of them mask it.

    Source: https://keras.io/api/layers/merging_layers/multiply/
    """

    bound = "product"

    def merge(self, arrays: list[Array], masks: list[Any]) -> Array:
        """a · b · ..."""
        kept = [m if m is None else stretch(m, a, self.label) for m, a in zip(masks, arrays, strict=True)]
        factors = [a if k is None else np.where(k, a, np.ones_like(a)) for a, k in zip(arrays, kept, strict=True)]
        product: Array = reduce(np.multiply, factors)
        known = [one for one in kept if one is not None]
        if len(known) < len(kept):
            return product
        return np.where(reduce(np.logical_or, known), product, np.zeros_like(product))
