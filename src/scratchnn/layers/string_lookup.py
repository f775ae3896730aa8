"""StringLookup: texts to ids."""

from typing import Any

import numpy as np

from ..errors import InputError
from .base import Array, register
from .index_lookup import IndexLookup


@register("StringLookup")
class StringLookup(IndexLookup):
    """Texts (...) to ids (...) of int64, or to vectors.

    Source: https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/
    """

    kind = str

    def tokens(self, x: Any) -> Array:
        """The texts; bytes are read as UTF-8.

        Raises:
            InputError: anything else, or nothing.
        """
        return texts(x, self.label)


def texts(x: Any, label: str) -> Array:
    """x as an array of str.

    Raises:
        InputError: anything else than texts, or nothing.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "USTO" or not all(isinstance(item, str | bytes) for item in array.flat):
        raise InputError(f"{label}: expected texts, got dtype {array.dtype}")
    if array.size == 0:
        raise InputError(f"{label}: there are no texts: shape {array.shape}")
    read = [item.decode(errors="surrogateescape") if isinstance(item, bytes) else item for item in array.flat]
    return np.array([str(item) for item in read], object).reshape(array.shape)
