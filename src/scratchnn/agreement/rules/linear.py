"""Rules for layers that multiply and add: dot products, convolutions, averages, affine maps."""

import math
from typing import Any

import numpy as np

from ..arithmetic import Approx, Array, finite_sizes
from ..functions import activate
from .base import Call, call_layer, rule


@rule("dot")
def dot(call: Call) -> list[Approx]:
    """activation(linear(x)): a layer with `linear(x)`, linear in x and in each weight, and `activation`.

    A layer whose output goes through several products one after the other says in `terms` how many roundings
    that makes; otherwise the terms of the sum are counted.
    """
    arithmetic, layer = call.arithmetic, call.layer
    terms = getattr(layer, "terms", None)
    z = arithmetic.dot(layer, arithmetic.exact(call.x), _linear, terms)
    return [activate(arithmetic, getattr(layer, "activation", None), z)]


def _linear(layer: Any, x: Array) -> Array:
    return layer.linear(x)


@rule("separable")
def separable(call: Call) -> list[Approx]:
    """activation(pointwise(depthwise(x))): two products one after the other, each with its own bound."""
    arithmetic, layer = call.arithmetic, call.layer
    inner = arithmetic.dot(layer, arithmetic.exact(call.x), _depthwise)
    z = arithmetic.dot(layer, inner, _pointwise)
    return [activate(arithmetic, layer.activation, z)]


def _depthwise(layer: Any, x: Array) -> Array:
    return layer.depthwise(x)


def _pointwise(layer: Any, x: Array) -> Array:
    return layer.pointwise(x)


@rule("average")
def average(call: Call) -> list[Approx]:
    """Means over windows (`pool_size`) or over `axes`: dot products with 1/n."""
    arithmetic, x = call.arithmetic, arithmetic_input(call)
    layer = call.layer

    def means(array: Array) -> Array:
        return np.asarray(call_layer(layer, (array,), {}, call.mask))

    if hasattr(layer, "pool_size"):
        terms = math.prod(layer.pool_size)
    else:
        terms = math.prod(x.value.shape[axis] for axis in layer.axes)
    sizes = means(np.abs(x.value) + x.error)
    error = arithmetic.gamma(terms + 2) * sizes + (2 * terms + 2) * arithmetic.tiny
    if np.any(x.error > 0):
        error = error + means(x.error)
    lost = None if arithmetic.finite else arithmetic.overflows(terms * means(finite_sizes(x)))
    return [arithmetic.bounded(value, error, terms * sizes, lost) for value in call.run()]


@rule("affine")
def affine(call: Call) -> list[Approx]:
    """x · scale + offset with constants of the config."""
    arithmetic, layer = call.arithmetic, call.layer
    scaled = arithmetic.multiply(arithmetic_input(call), arithmetic.cast_constant(layer.scale))
    return [arithmetic.add(scaled, arithmetic.cast_constant(layer.offset))]


def arithmetic_input(call: Call) -> Approx:
    """The first argument as the implementation got it."""
    return call.arithmetic.exact(call.x)
