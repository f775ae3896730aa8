"""AdditiveAttention."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .attention import Attention, dropout_of, refuse_old
from .base import Array, register
from .options import Options, Weights


@register("AdditiveAttention")
class AdditiveAttention(Attention):
    """Attention whose scores are the sum of scale · tanh(q + k) over the features.

    Source: https://arxiv.org/abs/1409.0473 (appendix A.1.2),
    https://keras.io/api/layers/attention_layers/additive_attention/

    Args:
        scale: a number for each feature (n,); None for 1.
        dropout: share of the scores that training drops; nothing at inference.
    """

    variables = ("scale",)

    def __init__(
        self, scale: Any = None, dropout: float = 0.0, *, name: str | None = None, dtype: DTypeLike = np.float32
    ) -> None:
        super().__init__("additive", scale, None, dropout, name=name, dtype=dtype)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "AdditiveAttention":
        """Build from Keras's AdditiveAttention config."""
        refuse_old(options)
        cls().output_shape(input_shape)
        use_scale = options.flag("use_scale", True)
        return cls(weights.take("scale", (input_shape[0][-1],)) if use_scale else None, dropout_of(options))

    def scores(self, query: Array, key: Array) -> Array:
        """(batch, T, n), (batch, S, n) -> (batch, T, S)."""
        terms = np.tanh(query[:, :, None] + key[:, None])
        scores: Array = (terms if self.scale is None else terms * np.asarray(self.scale, query.dtype)).sum(axis=-1)
        return scores
