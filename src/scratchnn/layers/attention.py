"""Attention: each step of a query gets a mixture of the values."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..errors import InputError, UnsupportedError
from .base import Array, register
from .options import Options, Weights
from .query_value_key import Masks, QueryValueKey, query_value_key


@register("Attention")
class Attention(QueryValueKey):
    """softmax(scores) v for [query, value] or [query, value, key], with one score for each step and key.

    (batch, T, n), (batch, S, m), (batch, S, n) -> (batch, T, m). The scores are q k' ("dot"), or the sum of
    tanh(q + k) over the features ("concat").

    Source: https://arxiv.org/abs/1508.04025 (section 3.1), https://keras.io/api/layers/attention_layers/attention/

    Args:
        score_mode: "dot" or "concat".
        scale: a number that scales the products of "dot", or the sums q + k of "concat"; None for 1.
        concat_score_weight: a number that scales the scores of "concat".
        dropout: share of the scores that training drops; nothing at inference.
    """

    variables: ClassVar[tuple[str, ...]] = ("scale", "concat_score_weight")
    bound = "attention"

    def __init__(
        self,
        score_mode: str = "dot",
        scale: Any = None,
        concat_score_weight: Any = None,
        dropout: float = 0.0,
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.score_mode, self.dropout, self.inference_only = score_mode, dropout, dropout > 0
        self.scale = None if scale is None else np.asarray(scale)
        self.concat_score_weight = None if concat_score_weight is None else np.asarray(concat_score_weight)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "Attention":
        """Build from Keras's Attention config."""
        refuse_old(options)
        mode = options.choice("score_mode", ("dot", "concat"), "dot")
        scale = weights.take("scale", ()) if options.flag("use_scale", False) else None
        weight = weights.take("concat_score_weight", ()) if mode == "concat" else None
        layer = cls(mode, scale, weight, dropout_of(options))
        layer.output_shape(input_shape)
        return layer

    def forward(
        self, x: Any, *, mask: Masks = None, return_attention_scores: bool = False, use_causal_mask: bool = False
    ) -> Any:
        """What each step of the query gets of the values.

        Args:
            x: [query, value], where the values are the keys too, or [query, value, key].
            mask: the mask (batch, steps), or None, of each; that of the key plays no part. Where the query is
                masked, the output is 0.
            return_attention_scores: whether the softmaxed scores are returned too.
            use_causal_mask: whether step t attends to no key behind t.

        Returns:
            (batch, T, m); with `return_attention_scores` behind it (batch, T, S).

        Raises:
            InputError: another number of inputs, shapes or masks that do not fit, no elements, no real numbers.
        """
        query, value, key = self.inputs(x)
        kept, allowed = self.masks(query, value, mask, use_causal_mask)
        scores = self.scores(query, key)
        if allowed is not None:
            scores = np.where(allowed, scores, scores - scores.dtype.type(masked_by(scores.dtype)))
        shares = activations.softmax(scores)
        output = self.combine(shares, value)
        if kept is not None:
            output = np.where(kept, output, np.zeros_like(output))
        return (output, shares) if return_attention_scores else output

    def scores(self, query: Array, key: Array) -> Array:
        """(batch, T, n), (batch, S, n) -> (batch, T, S)."""
        scale = query.dtype.type(1 if self.scale is None else self.scale)
        if self.score_mode == "dot":
            return self.products(query, key) * scale
        sums: Array = np.tanh(scale * (query[:, :, None] + key[:, None])).sum(axis=-1)
        return sums * query.dtype.type(self.concat_score_weight)

    @staticmethod
    def products(query: Array, key: Array) -> Array:
        """Scalar products (batch, T, S)."""
        return query @ key.transpose(0, 2, 1)

    @staticmethod
    def combine(shares: Array, value: Array) -> Array:
        """(batch, T, S), (batch, S, m) -> (batch, T, m)."""
        return shares @ value

    def masks(
        self, query: Array, value: Array, mask: Masks, use_causal_mask: bool
    ) -> tuple[Array | None, Array | None]:
        """Which steps have an output (batch, T, 1), and which keys each may attend to (batch, T, S); None for all.

        Raises:
            InputError: a mask that does not fit.
        """
        masks = [None if one is None else np.asarray(one, bool) for one in (mask or (None, None))]
        for one, array in zip(masks, (query, value), strict=False):
            if one is not None and one.shape != array.shape[:2]:
                raise InputError(
                    f"{self.label}: a mask of shape {one.shape} does not fit an input of {array.shape}"
                )
        shape = (len(query), query.shape[1], value.shape[1])
        kept, allowed = masks[0], masks[1] if len(masks) > 1 else None
        if allowed is not None:
            allowed = np.broadcast_to(allowed[:, None], shape)
        if use_causal_mask:
            causal = np.broadcast_to(np.tri(*shape[1:], dtype=np.bool_), shape)
            allowed = causal if allowed is None else allowed & causal
        return None if kept is None else kept[:, :, None], allowed

    def output_shape(self, input_shape: Any, return_attention_scores: bool = False) -> Any:
        """(batch, T, m), and where the scores are returned (batch, T, S).

        Raises:
            InputError: shapes that do not fit.
        """
        query, value, key = query_value_key(self.label, input_shape)
        for shape in input_shape:
            self.check_shape(shape, ndim=3)
        pairs = [{shape[0] for shape in input_shape}, {value[1], key[1]}, {query[2], key[2]}]
        if any(len(pair - {None}) > 1 for pair in pairs):
            raise InputError(
                f"{self.label}: expected as many samples in each input, as many keys as values, and keys of the "
                f"size of the query, got shapes {input_shape}"
            )
        batch = next((shape[0] for shape in input_shape if shape[0] is not None), None)
        steps = value[1] if value[1] is not None else key[1]
        output = (batch, query[1], value[2])
        return [output, (batch, query[1], steps)] if return_attention_scores else output


def masked_by(dtype: DTypeLike) -> float:
    """What is taken off a score where attention is not allowed."""
    return 65504.0 if dtype == np.float16 else 1e9


def dropout_of(options: Options) -> float:
    """The option 'dropout'."""
    return options.number("dropout", 0.0, minimum=0, below=float(np.nextafter(1, 2)))


def refuse_old(options: Options) -> None:
    """Refuse a file of Keras 2, whose attention passes masks on in another way.

    Raises:
        UnsupportedError: it is one.
    """
    if options.keras_version < 3:
        raise UnsupportedError(
            f"{options.layer}: expected a file of Keras 3: masks had another meaning in Keras 2"
        )
