"""Embedding: a row of a table for each id."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("Embedding")
class Embedding(Layer):
    """Token ids to vectors: (...) -> (..., embed_dim).

    Source: https://keras.io/api/layers/core_layers/embedding/

    Args:
        vocab_size: number of ids, Keras's input_dim.
        embed_dim: size of a vector, Keras's output_dim.
        mask_zero: whether id 0 is padding, to be masked in the layers that follow.

    Attributes:
        W: the table (vocab_size, embed_dim).
    """

    variables = ("W",)
    bound = "exact"

    def __init__(
        self,
        vocab_size: int,
        embed_dim: int,
        *,
        mask_zero: bool = False,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.mask_zero = self.supports_masking = mask_zero
        # Keras's default range.
        self.W = np.random.default_rng(0).uniform(-0.05, 0.05, (vocab_size, embed_dim)).astype(dtype)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Embedding":
        """Build from Keras's Embedding config."""
        shape = options.integer("input_dim"), options.integer("output_dim")
        options.inert("input_length")  # Keras 2's note of how long the sequences are
        options.only("sparse", False)
        for key in ("lora_rank", "lora_alpha", "quantization_config"):
            options.only(key, None)
        table = weights.take("embeddings", shape)
        layer = cls(*shape, mask_zero=options.flag("mask_zero", False))
        layer.set_weights(table)
        return layer

    def set_weights(self, W: Any) -> None:
        """Set the table (vocab_size, embed_dim).

        Raises:
            WeightError: another shape.
        """
        (self.W,) = self.as_weights(W=(W, self.W))

    def forward(self, x: Any) -> Array:
        """The rows of the ids: (...) -> (..., embed_dim), in the dtype of the table.

        Args:
            x: ids in [0, vocab_size), integers or floats that hold whole numbers.

        Raises:
            InputError: an id out of range or not whole, or no ids.
        """
        rows: Array = self.W[self._ids(x)]
        return rows

    def _ids(self, x: Any) -> Array:
        ids = np.asarray(x)
        if ids.dtype.kind not in "iuf":
            raise InputError(f"{self.label}: expected whole numbers, got dtype {ids.dtype}")
        if ids.size == 0:
            raise InputError(f"{self.label}: the input is empty: shape {ids.shape}")
        wrong = ~((ids >= 0) & (ids < len(self.W)))
        if ids.dtype.kind == "f":
            wrong |= ids != np.floor(ids)
        if wrong.any():
            place = tuple(map(int, np.argwhere(wrong)[0]))
            raise InputError(
                f"{self.label}: expected whole ids from 0 to {len(self.W) - 1}, got {ids[place]} at {place}"
            )
        return ids.astype(np.intp)

    def compute_mask(self, x: Any, mask: Any) -> Array | None:
        """True where the id is not 0, if the layer masks zero."""
        return np.asarray(x) != 0 if self.mask_zero else None

    def output_shape(self, input_shape: Shape) -> Shape:
        """(...) -> (..., embed_dim)."""
        return (*input_shape, self.W.shape[1])
