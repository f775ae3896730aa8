"""What the attention layers share: query, value and key in one list, and the query's mask for the output."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from .base import Array, Layer

Masks = Sequence[Any] | None


class QueryValueKey(Layer):
    """A layer of [query, value], where the values are the keys too, or of [query, value, key]."""

    supports_masking = True

    def inputs(self, x: Any) -> tuple[Array, Array, Array]:
        """Query, value and key as arrays of one dtype.

        Raises:
            InputError: they are none, or do not fit.
        """
        if not isinstance(x, list | tuple):
            raise InputError(f"{self.label}: expected a list of query and value, got {type(x).__name__}")
        arrays = [self.as_numbers(array) for array in x]
        self.output_shape([array.shape for array in arrays])
        dtype = np.result_type(*arrays)
        query, value, key = query_value_key(self.label, [array.astype(dtype, copy=False) for array in arrays])
        return query, value, key

    def compute_mask(self, x: Any, mask: Masks) -> Any:
        """The query's."""
        return None if mask is None else mask[0]


def query_value_key(label: str, given: Any) -> Any:
    """Query, value and key (or their shapes) of two or three inputs.

    Raises:
        InputError: it is no list of so many.
    """
    if not isinstance(given, list) or len(given) not in (2, 3):
        got = f"{len(given)}" if isinstance(given, list) else f"one of shape {given}"
        raise InputError(f"{label}: expected 2 or 3 inputs, query, value and key, got {got}")
    query, value, *key = given
    return query, value, key[0] if key else value
