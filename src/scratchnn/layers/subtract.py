"""Subtract."""

from typing import Any

from .base import Array, register
from .merge import Merge


@register("Subtract")
class Subtract(Merge):
    """The first input less the second.

    Source: https://keras.io/api/layers/merging_layers/subtract/
    """

    bound = "sum"
    inputs = 2

    def merge(self, arrays: list[Array], masks: list[Any]) -> Array:
        """a - b."""
        return arrays[0] - arrays[1]
