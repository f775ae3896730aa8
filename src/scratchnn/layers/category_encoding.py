"""CategoryEncoding: ids as vectors."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError
from ..spec import Shape
from .base import Array, Layer, register
from .encoding import MODES, encoded, encoded_shape
from .index_lookup import whole_numbers
from .options import Options, Weights


@register("CategoryEncoding")
class CategoryEncoding(Layer):
    """Ids (batch, length) to vectors (batch, num_tokens), or (..., num_tokens) for 'one_hot'.

    Source: https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/

    Args:
        num_tokens: how many ids there are, from 0 on.
        output_mode: 'one_hot', 'multi_hot' or 'count'.
    """

    bound = "exact"

    def __init__(
        self,
        num_tokens: int,
        output_mode: str = "multi_hot",
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_tokens, self.output_mode = num_tokens, output_mode

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "CategoryEncoding":
        """Build from Keras's CategoryEncoding config."""
        options.only("sparse", False)
        mode = options.choice("output_mode", (*MODES, "binary"), "multi_hot")  # Keras 2's word for multi_hot
        layer = cls(options.integer("num_tokens"), "multi_hot" if mode == "binary" else mode)
        layer.output_shape(input_shape)
        return layer

    def forward(self, x: Any) -> Array:
        """The vectors, in the layer's float dtype.

        Raises:
            InputError: ids outside of [0, num_tokens), no whole numbers, no elements, or another rank.
        """
        ids = whole_numbers(x, self.label)
        self.output_shape(ids.shape)
        if ids.min() < 0 or ids.max() >= self.num_tokens:
            raise InputError(
                f"{self.label}: expected ids in [0, {self.num_tokens}), got {ids.min()} to {ids.max()}"
            )
        return encoded(ids, self.num_tokens, self.output_mode, self.dtype)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the vectors."""
        return encoded_shape(self.label, input_shape, self.num_tokens, self.output_mode)
