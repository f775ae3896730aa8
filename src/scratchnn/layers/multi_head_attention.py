"""MultiHeadAttention."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..errors import ConfigError, InputError
from .base import Array, register
from .options import Options, Weights
from .query_value_key import Masks, QueryValueKey, query_value_key

Projection = tuple[Any, Any]  # kernel and bias, or None for no bias

# What Keras puts where attention is not allowed: if it forms the scores itself, in float16 and else, and if its
# operation for attention does, which has no float16 scores on TensorFlow.
MASKED_SCORE, MASKED_SCORE_HALF, MASKED_SCORE_OPERATION = -1e9, -3e4, -0.7 * 3.38953e38


@register("MultiHeadAttention")
class MultiHeadAttention(QueryValueKey):
    """Scaled dot-product attention in several heads: [query, value] or [query, value, key] -> one array.

    (batch, T, query features), (batch, S, value features), (batch, S, key features) -> (batch, T, *output_shape).
    In head h, softmax(q k' / sqrt(key_dim)) v of the projections q, k, v to that head; the heads are projected
    together to the output.

    A step of a query that may attend to nothing gets the mean of all values; where Keras forms the scores itself
    (they are returned, or the layer has dropout), it gets 0 of each.

    Source: https://arxiv.org/abs/1706.03762 (equation 1 and section 3.2.2),
    https://keras.io/api/layers/attention_layers/multi_head_attention/

    Args:
        query: kernel (features, heads, key_dim) and bias (heads, key_dim), or None for no bias.
        key: the same for the keys.
        value: kernel (features, heads, value_dim) and bias (heads, value_dim).
        output: kernel (heads, value_dim, *output_shape) and bias (*output_shape).
        dropout: share of the scores that training drops; at inference it only says how Keras masks.
    """

    variables = (
        *("query_kernel", "query_bias", "key_kernel", "key_bias"),
        *("value_kernel", "value_bias", "output_kernel", "output_bias"),
    )
    query_kernel: Array
    query_bias: Array | None
    key_kernel: Array
    key_bias: Array | None
    value_kernel: Array
    value_bias: Array | None
    output_kernel: Array
    output_bias: Array | None
    bound = "multi_head_attention"
    masks_by_argument: ClassVar[bool] = True

    def __init__(
        self,
        query: Projection,
        key: Projection,
        value: Projection,
        output: Projection,
        dropout: float = 0.0,
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        pairs = zip(("query", "key", "value", "output"), (query, key, value, output), strict=True)
        for part, (kernel, bias) in pairs:
            setattr(self, f"{part}_kernel", np.asarray(kernel))
            setattr(self, f"{part}_bias", None if bias is None else np.asarray(bias))
        self.heads, self.key_dim = np.shape(query[0])[1:]
        self.dropout, self.inference_only = dropout, dropout > 0
        self.scale = 1 / math.sqrt(self.key_dim)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "MultiHeadAttention":
        """Build from Keras's MultiHeadAttention config."""
        options.only("attention_axes", None, [1], (1,), 1)
        options.only("use_gate", False)
        for key in ("sliding_window", "flash_attention", "quantization_config"):
            options.only(key, None)
        heads, key_dim = options.integer("num_heads"), options.integer("key_dim")
        value_dim = key_dim if options.raw("value_dim", None) is None else options.integer("value_dim")
        has_bias = options.flag("use_bias", True)
        query, value, key = query_value_key(options.layer, input_shape)
        out = _output_shape(options, query[-1])

        def projection(name: str, kernel: Sequence[int | None], bias: Sequence[int | None]) -> Projection:
            return weights.take(f"{name} kernel", kernel), weights.take(f"{name} bias", bias) if has_bias else None

        layer = cls(
            projection("query", (query[-1], heads, key_dim), (heads, key_dim)),
            projection("key", (key[-1], heads, key_dim), (heads, key_dim)),
            projection("value", (value[-1], heads, value_dim), (heads, value_dim)),
            projection("output", (heads, value_dim, *out), out),
            options.number("dropout", 0.0, minimum=0, below=np.nextafter(1, 2)),
        )
        layer.output_shape(input_shape)
        return layer

    def forward(
        self,
        x: Any,
        *,
        mask: Masks = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """What each step of the query gets of the values.

        Args:
            x: [query, value], where the values are the keys too, or [query, value, key].
            mask: the mask (batch, steps), or None, of each of them.
            attention_mask: which step of the query may attend to which key (batch, T, S) or (batch, heads, T, S).
            return_attention_scores: whether the softmaxed scores are returned too.
            use_causal_mask: whether step t attends to no key behind t.

        Returns:
            (batch, T, *output_shape); with `return_attention_scores` behind it (batch, heads, T, S).

        Raises:
            InputError: another number of inputs, shapes or masks that do not fit, no elements, no real numbers.
        """
        query, value, key = self.inputs(x)
        allowed = self.allowed(query.shape, value.shape, mask, attention_mask, use_causal_mask)
        own_scores = self.own_scores(return_attention_scores)
        scores = self.scores(self.project_query(query), self.project_key(key)) * query.dtype.type(self.scale)
        if not own_scores and scores.dtype == np.float16:
            scores = scores.astype(np.float32)
        if allowed is not None:
            scores = np.where(allowed, scores, scores.dtype.type(masked_score(scores.dtype, own_scores)))
        shares = activations.softmax(scores)
        if allowed is not None and own_scores:
            shares = np.where(allowed, shares, np.zeros_like(shares))
        shares = shares.astype(query.dtype, copy=False)
        output = self.project_output(self.combine(shares, self.project_value(value)))
        return (output, shares) if return_attention_scores else output

    def own_scores(self, return_attention_scores: bool) -> bool:
        """Whether Keras forms the scores itself: it then leaves a step that may attend to nothing with nothing."""
        return return_attention_scores or self.dropout > 0

    def project_query(self, x: Array) -> Array:
        """(batch, T, features) -> (batch, T, heads, key_dim)."""
        return _project(x, self.query_kernel, self.query_bias, 1)

    def project_key(self, x: Array) -> Array:
        """(batch, S, features) -> (batch, S, heads, key_dim)."""
        return _project(x, self.key_kernel, self.key_bias, 1)

    def project_value(self, x: Array) -> Array:
        """(batch, S, features) -> (batch, S, heads, value_dim)."""
        return _project(x, self.value_kernel, self.value_bias, 1)

    def project_output(self, x: Array) -> Array:
        """(batch, T, heads, value_dim) -> (batch, T, *output_shape)."""
        return _project(x, self.output_kernel, self.output_bias, 2)

    @staticmethod
    def scores(query: Array, key: Array) -> Array:
        """(batch, T, heads, n), (batch, S, heads, n) -> scalar products (batch, heads, T, S)."""
        products: Array = query.transpose(0, 2, 1, 3) @ key.transpose(0, 2, 3, 1)
        return products

    @staticmethod
    def combine(shares: Array, value: Array) -> Array:
        """(batch, heads, T, S), (batch, S, heads, n) -> (batch, T, heads, n)."""
        mixed: Array = (shares @ value.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
        return mixed

    def allowed(
        self,
        query: Sequence[int],
        value: Sequence[int],
        mask: Masks,
        attention_mask: Any = None,
        use_causal_mask: bool = False,
    ) -> Array | None:
        """Which step of the query may attend to which key (batch, heads, T, S), or None for all to all.

        Args:
            query, value: their shapes.
            mask, attention_mask, use_causal_mask: as `forward` has them.

        Raises:
            InputError: a mask that does not fit.
        """
        steps, keys = query[1], value[1]
        masks = [None if one is None else np.asarray(one, bool) for one in (mask or ())]
        parts = [one[:, None, :] for one in masks[1:] if one is not None]
        if masks and masks[0] is not None:
            parts.append(masks[0][:, :, None])
        if use_causal_mask:
            parts.append(np.tri(steps, keys, dtype=np.bool_)[None])
        if attention_mask is not None:
            parts.append(np.asarray(attention_mask, bool))
        try:
            allowed: Any = None
            for part in parts:  # joined before the axis of the heads is there, as in Keras
                allowed = part if allowed is None else allowed & part
            if allowed is None:
                return None
            if allowed.ndim < 4:
                allowed = allowed[..., None, :, :]
            return np.broadcast_to(allowed, (query[0], self.heads, steps, keys))
        except (ValueError, IndexError):
            shapes = [part.shape for part in parts]
            raise InputError(
                f"{self.label}: expected masks for {steps} steps and {keys} keys of {query[0]} samples, "
                f"got shapes {shapes}"
            ) from None

    def output_shape(self, input_shape: Any, return_attention_scores: bool = False) -> Any:
        """(batch, T, *output_shape), and where the scores are returned (batch, heads, T, S).

        Raises:
            InputError: shapes that do not fit.
        """
        query, value, key = shapes = query_value_key(self.label, input_shape)
        kernels = self.query_kernel, self.value_kernel, self.key_kernel
        for shape, kernel in zip(shapes, kernels, strict=True):
            self.check_shape(shape, ndim=3, last=kernel.shape[0])
        batches = {shape[0] for shape in shapes} - {None}
        if len(batches) > 1 or len({value[1], key[1]} - {None}) > 1:
            raise InputError(
                f"{self.label}: expected as many samples in each input, and as many keys as values, got shapes "
                f"{list(input_shape)}"
            )
        batch = batches.pop() if batches else None
        output = (batch, query[1], *self.output_kernel.shape[2:])
        keys = value[1] if value[1] is not None else key[1]
        return [output, (batch, self.heads, query[1], keys)] if return_attention_scores else output


def masked_score(dtype: DTypeLike, own_scores: bool) -> float:
    """What stands for a score where attention is not allowed."""
    if not own_scores:
        return MASKED_SCORE_OPERATION
    return MASKED_SCORE_HALF if dtype == np.float16 else MASKED_SCORE


def _project(x: Array, kernel: Array, bias: Array | None, axes: int) -> Array:
    """x times the kernel, along the last axes of x and the first of the kernel."""
    z = np.tensordot(x, np.asarray(kernel, x.dtype), axes)
    return z if bias is None else z + np.asarray(bias, x.dtype)


def _output_shape(options: Options, features: int | None) -> Sequence[int | None]:
    """The option 'output_shape': the sizes behind the steps; as the query's, where it says nothing."""
    value = options.raw("output_shape", None)
    if value is None:
        return (features,)
    sizes = value if isinstance(value, list | tuple) else [value]
    if not sizes or not all(type(n) is int and n > 0 for n in sizes):
        raise ConfigError(f"{options.layer}: option 'output_shape': expected null or sizes, got {value!r}")
    return tuple(sizes)
