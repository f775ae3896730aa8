"""What the merge layers share that combine their inputs element by element."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, ClassVar

import numpy as np

from ..errors import InputError
from ..spec import Shape
from .base import Array, Layer
from .options import Options, Weights

Masks = Sequence[Any] | None


class Merge(Layer):
    """A list of arrays -> one array, element by element; sizes of 1 are stretched, missing axes come second.

    Source: https://keras.io/api/layers/merging_layers/
    """

    supports_masking = True
    inputs: int | None = None  # how many the layer takes; None: one or more
    takes_truth_values: ClassVar[bool] = False  # whether Keras runs it where all inputs are boolean

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "Merge":
        """Build from Keras's config of a merge layer, which has no options."""
        layer = cls()
        layer.output_shape(input_shape)
        return layer

    def merge(self, arrays: list[Array], masks: list[Any]) -> Array:
        """The result for arrays of one rank."""
        raise NotImplementedError

    def forward(self, x: Sequence[Any], *, mask: Masks = None) -> Array:
        """Merge the arrays (batch, ...).

        Args:
            x: the inputs.
            mask: the mask, or None, of each.

        Raises:
            InputError: another number of inputs, shapes that do not fit, no elements, no real numbers.
        """
        arrays = self.check_inputs(x)
        rank = max(array.ndim for array in arrays)
        masks = list(mask) if mask is not None else [None] * len(arrays)
        # An array that gets axes is another tensor for Keras, and its mask does not come along.
        masks = [m if array.ndim == rank else None for m, array in zip(masks, arrays, strict=True)]
        return self.merge([_expand(array, rank) for array in arrays], masks)

    def check_inputs(self, x: Any) -> list[Array]:
        """The inputs as arrays of one dtype, after checking number and shapes.

        Whole numbers stay whole where all inputs are, as in Keras, and truth values in the layers that take them;
        beside floats they become floats.

        Raises:
            InputError: they cannot be merged.
        """
        if not isinstance(x, list | tuple):
            raise InputError(f"{self.label}: expected a list of inputs, got {type(x).__name__}")
        floats, given = [self.as_numbers(array) for array in x], [np.asarray(array) for array in x]
        self.output_shape([array.shape for array in floats])
        whole = np.result_type(*given)
        if whole.kind == "b" and not self.takes_truth_values:
            raise InputError(f"{self.label}: expected numbers, got truth values in every input")
        arrays, dtype = (given, whole) if whole.kind in "iub" else (floats, np.result_type(*floats))
        return [array.astype(dtype, copy=False) for array in arrays]

    def check_count(self, input_shape: Any) -> list[Shape]:
        """The shapes of the inputs.

        Raises:
            InputError: another number than the layer takes, or other batch sizes.
        """
        if not isinstance(input_shape, list):
            raise InputError(f"{self.label}: expected a list of inputs, got one of shape {input_shape}")
        count = len(input_shape)
        if count != (count if self.inputs is None else self.inputs) or not count:
            raise InputError(f"{self.label}: expected {self.inputs or 'at least 1'} inputs, got {count}")
        if len({shape[0] for shape in input_shape} - {None}) > 1:
            raise InputError(f"{self.label}: expected as many samples in each input, got shapes {input_shape}")
        return input_shape

    def output_shape(self, input_shape: Any) -> Shape:
        """The shape that all inputs are stretched to.

        Raises:
            InputError: sizes that differ and are not 1.
        """
        shapes = self.check_count(input_shape)
        batch = next((shape[0] for shape in shapes if shape[0] is not None), None)
        rank = max(map(len, shapes))
        rest = [(1,) * (rank - len(shape)) + tuple(shape[1:]) for shape in shapes]
        merged = []
        for sizes in zip(*rest, strict=True):
            known = {size for size in sizes if size != 1}
            if len(known - {None}) > 1:
                raise InputError(f"{self.label}: expected shapes that fit each other, got {shapes}")
            merged.append(1 if not known else None if None in known else known.pop())
        return (batch, *merged)

    def compute_mask(self, x: Any, mask: Masks) -> Any:
        """A step is kept where any input keeps it; there is no mask where an input has none."""
        if mask is None or any(one is None for one in mask):
            return None
        return reduce(np.logical_or, mask)


def _expand(array: Array, rank: int) -> Array:
    """The array with axes of size 1 behind the batch axis, as many as it lacks."""
    return array.reshape(len(array), *[1] * (rank - array.ndim), *array.shape[1:])


def stretch(mask: Any, array: Array, label: str) -> Array:
    """A mask (batch, time) in the shape of its array (batch, time, features).

    Raises:
        InputError: the mask does not fit.
    """
    mask = np.asarray(mask, bool)
    try:
        return np.broadcast_to(mask[..., None], array.shape)
    except ValueError:
        raise InputError(f"{label}: a mask of shape {mask.shape} does not fit an input of {array.shape}") from None


class SelectingMerge(Merge):
    """One of the inputs' elements; where one is masked, the other's is taken."""

    bound = "maximum"

    def choose(self, first: Array, second: Array) -> Array:
        """The element of the two."""
        raise NotImplementedError

    def merge(self, arrays: list[Array], masks: list[Any]) -> Array:
        """Input by input, each masked element replaced by what stands against it."""
        kept = [None if m is None else stretch(m, a, self.label) for m, a in zip(masks, arrays, strict=True)]
        output, output_mask = arrays[0], kept[0]
        for array, mask in zip(arrays[1:], kept[1:], strict=True):
            if mask is not None:
                array = np.where(mask, array, output)
            if output_mask is not None:
                output = np.where(output_mask, output, array)
            output_mask = None if mask is None or output_mask is None else output_mask | mask
            output = self.choose(output, array)
        return output
