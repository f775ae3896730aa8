"""Rules for attention."""

from typing import Any

import numpy as np

from ...layers.attention import masked_by
from ...layers.multi_head_attention import masked_score
from .. import functions
from ..arithmetic import Approx, Arithmetic, Array, where
from .base import Call, rule


@rule("multi_head_attention", sided=True)
def multi_head_attention(call: Call) -> list[Approx]:
    """Projections, scaled scalar products, softmax, the product with the values, and the last projection."""
    arithmetic, layer, options = call.arithmetic, call.layer, call.kwargs
    returned = bool(options.get("return_attention_scores", False))
    own_scores = layer.own_scores(returned)
    query, value, key = layer.inputs(call.args[0])
    allowed = layer.allowed(
        query.shape,
        value.shape,
        call.mask,
        options.get("attention_mask"),
        options.get("use_causal_mask", False),
    )
    q = arithmetic.dot(layer, arithmetic.exact(query), _query)
    k = arithmetic.dot(layer, arithmetic.exact(key), _key)
    v = arithmetic.dot(layer, arithmetic.exact(value), _value)
    # Keras scales the query where it forms the scores itself, and its operation for attention the scores.
    scale, terms = arithmetic.cast_constant(layer.scale), layer.key_dim
    before = arithmetic.bilinear(arithmetic.multiply(q, scale), k, layer.scores, terms)
    after = arithmetic.multiply(arithmetic.bilinear(q, k, layer.scores, terms), scale)
    scores = Approx(after.value, np.maximum(before.error, after.error))
    if allowed is not None:
        lowest = np.full(scores.value.shape, masked_score(arithmetic.dtype, own_scores))
        scores = where(allowed, scores, Approx(lowest, np.zeros(lowest.shape)))
    shares = functions.softmax(arithmetic, scores)
    if allowed is not None and own_scores:
        nothing = np.zeros(shares.value.shape)
        shares = where(allowed, shares, Approx(nothing, nothing))
    mixed = arithmetic.bilinear(shares, v, layer.combine, value.shape[1])
    output = arithmetic.dot(layer, mixed, _output)
    return [output, shares] if returned else [output]


@rule("attention")
def attention(call: Call) -> list[Approx]:
    """Scores, softmax and the product with the values."""
    arithmetic, layer = call.arithmetic, call.layer
    query, value, key = layer.inputs(call.args[0])
    kept, allowed = layer.masks(query, value, call.mask, call.kwargs.get("use_causal_mask", False))
    scores = _scores(arithmetic, layer, arithmetic.exact(query), arithmetic.exact(key))
    if allowed is not None:
        lowered = arithmetic.subtract(scores, Approx(np.array(masked_by(arithmetic.dtype)), np.zeros(())))
        scores = where(allowed, scores, lowered)
    shares = functions.softmax(arithmetic, scores)
    output = arithmetic.bilinear(shares, arithmetic.exact(value), layer.combine, value.shape[1])
    if kept is not None:
        nothing = np.zeros(output.value.shape)
        output = where(kept, output, Approx(nothing, nothing))
    return [output, shares] if call.kwargs.get("return_attention_scores", False) else [output]


def _scores(arithmetic: Arithmetic, layer: Any, query: Approx, key: Approx) -> Approx:
    """The scores in each of the ways that Keras has for them."""
    scale = None if layer.scale is None else arithmetic.exact(layer.scale)
    if layer.score_mode == "dot":
        products = arithmetic.bilinear(query, key, layer.products, query.value.shape[-1])
        return products if scale is None else arithmetic.multiply(products, scale)
    sums = arithmetic.add(query[:, :, None], key[:, None])
    if scale is not None and layer.score_mode == "concat":
        sums = arithmetic.multiply(sums, scale)
    terms = functions.activate(arithmetic, "tanh", sums)
    if scale is not None and layer.score_mode == "additive":
        terms = arithmetic.multiply(terms, scale)
    scores = arithmetic.sum(terms, -1, keepdims=False)
    weight = layer.concat_score_weight
    return scores if weight is None else arithmetic.multiply(scores, arithmetic.exact(weight))


def _query(layer: Any, x: Array) -> Array:
    return np.asarray(layer.project_query(x))


def _key(layer: Any, x: Array) -> Array:
    return np.asarray(layer.project_key(x))


def _value(layer: Any, x: Array) -> Array:
    return np.asarray(layer.project_value(x))


def _output(layer: Any, x: Array) -> Array:
    return np.asarray(layer.project_output(x))
