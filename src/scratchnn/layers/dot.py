"""Dot."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError, InputError
from ..spec import Shape
from .base import Array, register
from .merge import Masks, Merge
from .options import Options, Weights
from .unit_normalization import unit_length


@register("Dot")
class Dot(Merge):
    """The scalar products of two inputs along one axis of each, sample by sample.

    (batch, a..., n, b...) and (batch, c..., n, d...) -> (batch, a..., b..., c..., d...); for two inputs of rank 2
    (batch, 1).

    Source: https://keras.io/api/layers/merging_layers/dot/

    Args:
        axes: the axis of the first and of the second input, or one integer for both.
        normalize: whether both are scaled to length 1 along their axes first (cosine proximity).
        longest: what is scaled by at most then, for arrays of zeros.
    """

    bound = "dot_merge"
    inputs = 2
    takes_truth_values = True

    def __init__(
        self,
        axes: int | tuple[int, int],
        normalize: bool = False,
        longest: float = 1e7,
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axes, self.normalize, self.longest = axes, normalize, longest

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "Dot":
        """Build from Keras's Dot config."""
        axes = options.raw("axes")
        pair = [axes, axes] if isinstance(axes, int) else axes
        valid = isinstance(pair, list | tuple) and len(pair) == 2 and all(type(n) is int for n in pair)
        if not valid:
            raise ConfigError(f"{options.layer}: option 'axes': expected one or two integers, got {axes!r}")
        longest = 1e7 if options.keras_version >= 3 else 1e6  # Keras 2: squares of at least 1e-12
        normalize = options.flag("normalize", False)
        layer = cls(axes if isinstance(axes, int) else (pair[0], pair[1]), normalize, longest)
        layer.output_shape(input_shape)
        return layer

    def positions(self, shapes: Any) -> tuple[int, int]:
        """The two axes, counted from the front.

        Raises:
            InputError: an axis that is not there, is the batch axis, or sizes that differ.
        """
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        for axis, shape in zip(pair, shapes, strict=True):
            if not -len(shape) < axis < len(shape) or axis == 0:
                raise InputError(f"{self.label}: axes {self.axes}: the inputs have shapes {shapes}")
        first, second = (axis % len(shape) for axis, shape in zip(pair, shapes, strict=True))
        sizes = shapes[0][first], shapes[1][second]
        if None not in sizes and sizes[0] != sizes[1]:
            raise InputError(f"{self.label}: axes {self.axes}: expected the same size in both, got {shapes}")
        return first, second

    def forward(self, x: Any, *, mask: Masks = None) -> Array:
        """The products; masks play no part.

        Raises:
            InputError: shapes that do not fit, no elements, no real numbers.
        """
        arrays = self.check_inputs(x)
        if self.normalize:
            axes = self.positions([array.shape for array in arrays])
            arrays = [self.as_numbers(array) for array in arrays]
            arrays = [unit_length(array, axis, self.longest) for array, axis in zip(arrays, axes, strict=True)]
        return self.products(*arrays)

    def products(self, x: Array, y: Array) -> Array:
        """The scalar products of two arrays along the layer's axes."""
        axes = self.positions([x.shape, y.shape])
        first, second = np.moveaxis(x, axes[0], -1), np.moveaxis(y, axes[1], -1)
        left = first.reshape(len(first), -1, first.shape[-1])  # (batch, a·b, n)
        right = second.reshape(len(second), -1, second.shape[-1])  # (batch, c·d, n)
        rest = (*first.shape[1:-1], *second.shape[1:-1])
        return (left @ np.swapaxes(right, 1, 2)).reshape(len(first), *(rest or (1,)))

    def output_shape(self, input_shape: Any) -> Shape:
        """(batch, the other sizes of the first, the other sizes of the second)."""
        first, second = shapes = self.check_count(input_shape)
        for shape in shapes:
            self.check_shape(shape, min_ndim=2)
        i, j = self.positions(shapes)
        rest = (*first[1:i], *first[i + 1 :], *second[1:j], *second[j + 1 :])
        return (first[0] if first[0] is not None else second[0], *(rest or (1,)))

    def compute_mask(self, x: Any, mask: Masks) -> None:
        """There is none."""
        return None
