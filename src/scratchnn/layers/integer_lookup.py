"""IntegerLookup: integers to ids."""

from typing import Any

from .base import Array, register
from .index_lookup import IndexLookup, whole_numbers


@register("IntegerLookup")
class IntegerLookup(IndexLookup):
    """Integers (...) to ids (...) of int64, or to vectors; several ids for unknown ones are taken by remainder.

    Source: https://keras.io/api/layers/preprocessing_layers/categorical/integer_lookup/
    """

    kind = int

    def tokens(self, x: Any) -> Array:
        """The integers.

        Raises:
            InputError: anything else, or nothing.
        """
        return whole_numbers(x, self.label)
