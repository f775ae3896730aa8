"""Discretization: numbers to the ids of the bins that they lie in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from .base import Array, Layer, register
from .encoding import MODES, encoded, encoded_shape
from .options import Options, Weights


@register("Discretization")
class Discretization(Layer):
    """Numbers (...) to ids (...) of int32, or to vectors (batch, bins).

    Bin i holds what is at least boundary i - 1 and below boundary i.

    Source: https://keras.io/api/layers/preprocessing_layers/numerical/discretization/

    Args:
        bin_boundaries: in ascending order; Keras compares with them in float32.
        output_mode: 'int' for ids, or 'one_hot', 'multi_hot', 'count'.
    """

    bound = "exact"

    def __init__(
        self,
        bin_boundaries: Sequence[float],
        output_mode: str = "int",
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.bin_boundaries, self.output_mode = np.asarray(bin_boundaries, np.float32), output_mode

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Discretization":
        """Build from Keras's Discretization config."""
        options.only("sparse", False)
        for key in ("num_bins", "epsilon"):
            options.inert(key)  # how the boundaries were found
        given = options.raw("bin_boundaries", None)
        boundaries = np.asarray(given) if isinstance(given, list | tuple) else np.zeros(0)
        if boundaries.ndim != 1 or not boundaries.size or boundaries.dtype.kind not in "fiu":
            raise ConfigError(
                f"{options.layer}: option 'bin_boundaries': expected a list of numbers, got {given!r}"
            )
        if np.any(np.diff(boundaries) < 0):
            raise ConfigError(f"{options.layer}: option 'bin_boundaries': expected ascending order, got {given!r}")
        layer = cls(boundaries.tolist(), options.choice("output_mode", ("int", *MODES), "int"))
        layer.output_shape(input_shape)
        return layer

    def forward(self, x: Any) -> Array:
        """The ids of the bins, or their vectors.

        Raises:
            InputError: no elements, no real numbers, or another rank.
        """
        x = self.as_numbers(x)
        self.output_shape(x.shape)
        ids = np.searchsorted(self.bin_boundaries, x, side="right").astype(np.int32)
        depth = len(self.bin_boundaries) + 1
        return ids if self.output_mode == "int" else encoded(ids, depth, self.output_mode, x.dtype)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape, or that of the vectors."""
        if self.output_mode == "int":
            return input_shape
        return encoded_shape(self.label, input_shape, len(self.bin_boundaries) + 1, self.output_mode)
