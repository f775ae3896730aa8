"""Concatenate."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError
from ..spec import Shape
from .base import Array, is_of_samples, register
from .merge import Masks, Merge
from .options import Options, Weights


@register("Concatenate")
class Concatenate(Merge):
    """The inputs one behind the other along an axis.

    Source: https://keras.io/api/layers/merging_layers/concatenate/

    Args:
        axis: the axis along which the sizes may differ.
    """

    bound = "exact"
    takes_truth_values = True

    def __init__(self, axis: int = -1, *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axis = axis

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "Concatenate":
        """Build from Keras's Concatenate config."""
        layer = cls(options.integer("axis", -1, minimum=None))
        layer.output_shape(input_shape)
        return layer

    def forward(self, x: Any, *, mask: Masks = None) -> Array:
        """Concatenate the arrays; their masks are those of `compute_mask`.

        Raises:
            InputError: ranks or sizes that do not fit, no elements, no real numbers.
        """
        return np.concatenate(self.check_inputs(x), axis=self.axis)

    def output_shape(self, input_shape: Any) -> Shape:
        """The sizes along the axis added up, None where one of them is not known.

        Raises:
            InputError: ranks or other sizes that differ.
        """
        shapes = [list(shape) for shape in self.check_count(input_shape)]
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes) or not -rank <= self.axis < rank:
            raise InputError(f"{self.label}: axis {self.axis}: the inputs have shapes {input_shape}")
        merged: list[int | None] = []
        for axis, sizes in enumerate(zip(*shapes, strict=True)):
            known = {size for size in sizes if size is not None}
            if axis == self.axis % rank:
                merged.append(None if None in sizes else sum(known_size for known_size in sizes))
            elif len(known) > 1:
                raise InputError(
                    f"{self.label}: expected sizes that differ along axis {self.axis} alone, got {input_shape}"
                )
            else:
                merged.append(known.pop() if known else None)
        return tuple(merged)

    def mixes_samples(self, input_shape: Any) -> bool:
        """Whether batches are put one behind the other."""
        return is_of_samples(self.axis, input_shape[0])

    def compute_mask(self, x: Any, mask: Masks) -> Array | None:
        """The masks concatenated like the arrays; then a step is kept where one of its features is."""
        if mask is None or all(one is None for one in mask):
            return None
        stretched = []
        for array, one in zip(x, mask, strict=True):
            array, one = np.asarray(array), None if one is None else np.asarray(one, bool)
            if one is None:
                one = np.ones(array.shape, bool)
            elif one.ndim < array.ndim:
                one = np.logical_or(one[..., None], np.zeros(array.shape, bool))
            stretched.append(one)
        return np.asarray(np.concatenate(stretched, axis=self.axis).any(axis=-1))
