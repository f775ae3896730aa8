"""The rule for operations in a graph (`keras.ops`): elementwise functions, arithmetic and reductions.

Their arguments are exact, so what counts is how accurately the function itself is computed. An operation is found
by the name of its class; constants of the config may have gone through float32.
"""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import UnsupportedError
from ...layers.base import LAYERS
from .. import functions
from ..arithmetic import Approx, Arithmetic, Array
from .base import Call, rule
from .products import PRODUCTS, median

Operand = Any  # an array, a number, or None


@rule("operation")
def operation(call: Call) -> list[Approx]:
    """One function of `keras.ops` on arrays and numbers."""
    layer, arithmetic = call.layer, call.arithmetic
    (value,) = call.run()
    if value.dtype.kind != "f":
        return [Approx(value.astype(np.float64), np.zeros(value.shape))]  # whole numbers and truth values
    name = type(layer).__name__
    options = {**layer.options, **call.kwargs}
    operands = [_operand(arithmetic, arg) for arg in call.args]
    result = _bound(arithmetic, name, operands, options, value)
    return [Approx(value, np.broadcast_to(result.error, value.shape))]


def _operand(arithmetic: Arithmetic, value: Any) -> Operand:
    """An array that the implementation was given, or a number that it cast."""
    if isinstance(value, np.ndarray):
        return arithmetic.exact(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return arithmetic.cast_constant(float(value))
    return value


def _bound(
    arithmetic: Arithmetic, name: str, operands: list[Operand], options: dict[str, Any], value: Array
) -> Approx:
    if name in _ARITHMETIC:
        return getattr(arithmetic, _ARITHMETIC[name])(*operands)
    if name in _REDUCTIONS:
        return _REDUCTIONS[name](arithmetic, *operands, options["axis"], bool(options["keepdims"]))
    if name in _OTHERS:
        return _OTHERS[name](arithmetic, *operands, options=options)
    accuracy = functions.OPERATIONS.get(name)
    if accuracy is None:
        known = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        accuracy = functions.ACCURACY.get(_SHORT.get(known, known))
    if accuracy is None:
        raise UnsupportedError(f"agreement: no bound is known for the operation {name!r}")
    (x,) = operands

    def function(array: Array) -> Array:
        return value if array is x.value else _evaluate(name, array, options)

    return functions.elementwise(arithmetic, accuracy, function, x)


def _evaluate(name: str, x: Array, options: dict[str, Any]) -> Array:
    return LAYERS[f"ops.{name}"](**options).forward(x)


_SHORT = {"exp": "exponential"}
_ARITHMETIC = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "Divide": "divide",
    "TrueDivide": "divide",
    "Sqrt": "sqrt",
    "Rsqrt": "rsqrt",
}

# Reductions.


def _axes(x: Approx, axis: Any) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.value.ndim))
    return (axis,) if isinstance(axis, int) else tuple(axis)


def _sum(arithmetic: Arithmetic, x: Approx, axis: Any, keepdims: bool) -> Approx:
    return arithmetic.sum(x, _axes(x, axis), keepdims)


def _mean(arithmetic: Arithmetic, x: Approx, axis: Any, keepdims: bool) -> Approx:
    return arithmetic.mean(x, _axes(x, axis), keepdims)


def _product(arithmetic: Arithmetic, x: Approx, axis: Any, keepdims: bool) -> Approx:
    """Any order of the factors, so any partial product may overflow or be flushed."""
    axes = _axes(x, axis)
    n = math.prod(x.value.shape[place] for place in axes)
    value = np.prod(x.value, axes, keepdims=keepdims)
    peak = np.prod(np.maximum(np.abs(x.value), 1), axes, keepdims=keepdims)
    error = arithmetic.gamma(n) * np.abs(value) + (n + 1) * arithmetic.tiny * peak
    return arithmetic.bounded(value, error, peak)


def _variance(arithmetic: Arithmetic, x: Approx, axis: Any, keepdims: bool) -> Approx:
    """The mean square of the differences from the mean, or the mean square less the square of the mean."""
    axes = _axes(x, axis)
    mean = arithmetic.mean(x, axes)
    apart = arithmetic.subtract(x, mean)
    centered = arithmetic.mean(arithmetic.multiply(apart, apart), axes, keepdims)
    squares = arithmetic.mean(arithmetic.multiply(x, x), axes, keepdims)
    squared = arithmetic.mean(x, axes, keepdims)
    moments = arithmetic.subtract(squares, arithmetic.multiply(squared, squared))
    return Approx(centered.value, np.maximum(centered.error, moments.error))


def _deviation(arithmetic: Arithmetic, x: Approx, axis: Any, keepdims: bool) -> Approx:
    return arithmetic.sqrt(_variance(arithmetic, x, axis, keepdims))


def _logsumexp(arithmetic: Arithmetic, x: Approx, axis: Any, keepdims: bool) -> Approx:
    """It moves by no more than the largest error; the sum of the powers is at least 1 and at most n."""
    axes = _axes(x, axis)
    n = math.prod(x.value.shape[place] for place in axes)
    largest = x.value.max(axis=axes, keepdims=keepdims)
    spread = np.maximum(np.abs(largest), np.abs(x.value).max(axis=axes, keepdims=keepdims))
    units = functions.ACCURACY["exponential"].units(arithmetic) + n + 8
    error = x.error.max(axis=axes, keepdims=keepdims) + 3 * arithmetic.unit * spread
    error = error + units * arithmetic.unit * (1 + np.log(n)) + 8 * arithmetic.tiny
    return arithmetic.bounded(largest, error)


_REDUCTIONS: dict[str, Callable[..., Approx]] = {
    "Sum": _sum,
    "Mean": _mean,
    "Prod": _product,
    "Var": _variance,
    "Std": _deviation,
    "Logsumexp": _logsumexp,
    "Median": lambda arithmetic, x, axis, keepdims: median(arithmetic, x, _axes(x, axis), keepdims),
}

# The rest.


def _square(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    return arithmetic.multiply(x, x)


def _divide_no_nan(arithmetic: Arithmetic, x: Approx, y: Approx, options: Any) -> Approx:
    quotient = arithmetic.divide(x, y)
    zero = y.value == 0
    return Approx(np.where(zero, 0.0, quotient.value), np.where(zero, 0.0, quotient.error))


def _floor_divide(arithmetic: Arithmetic, x: Approx, y: Approx, options: Any) -> Approx:
    """A quotient within rounding of a whole number may fall on either side of it."""
    quotient = arithmetic.divide(x, y)
    reach = quotient.error * (1 + 1e-9)  # the ends themselves are rounded
    near = np.floor(quotient.value + reach) != np.floor(quotient.value - reach)
    value = np.floor(quotient.value)
    return arithmetic.bounded(value, near * (1 + quotient.error) + arithmetic.unit * np.abs(value))


def _mod(arithmetic: Arithmetic, x: Approx, y: Approx, options: Any) -> Approx:
    """The remainder is exact, or wrong by the whole divisor: near a whole quotient, or where it is flushed."""
    whole = _floor_divide(arithmetic, x, y, options)
    value = np.mod(x.value, y.value)
    wrapped = whole.error + (arithmetic.flushed(np.fmod(x.value, y.value)) > 0)
    error = (wrapped + arithmetic.gamma(3)) * np.abs(y.value) + x.error + y.error + arithmetic.flushed(value)
    return arithmetic.bounded(value, error + np.abs(whole.value) * y.error)


def _power(arithmetic: Arithmetic, x: Approx, y: Approx, options: Any) -> Approx:
    """exp(y · log x): an error of the logarithm is multiplied by y · log x. A base that is flushed has none."""
    value = np.power(x.value, y.value)
    steep = np.abs(y.value * np.log(np.abs(x.value)))
    relative = (8 + 4 * np.where(np.isfinite(steep), steep, 0)) * arithmetic.unit
    moved = np.abs(np.log(np.abs(x.value))) * y.error + np.abs(y.value) * x.error / np.abs(x.value)
    relative = relative + np.where(np.isfinite(moved), moved, 0)
    lost = (x.error > 0) | ((x.value == 0) & (y.value != 0) & (np.abs(y.value) < arithmetic.tiny))
    return arithmetic.bounded(value, np.where(lost, np.inf, relative * np.abs(value) + 2 * arithmetic.tiny))


def _arctan2(arithmetic: Arithmetic, x: Approx, y: Approx, options: Any) -> Approx:
    value, squares = np.arctan2(x.value, y.value), np.square(x.value) + np.square(y.value)
    moved = (np.abs(y.value) * x.error + np.abs(x.value) * y.error) / squares
    flushed = np.hypot(x.value, y.value) < 64 * arithmetic.tiny  # then even the quadrant may change
    error = np.where(flushed, 2 * np.pi, 8 * arithmetic.unit * (np.abs(value) + 1) + moved + 2 * arithmetic.tiny)
    return arithmetic.bounded(value, error)


def _logaddexp(arithmetic: Arithmetic, x: Approx, y: Approx, options: Any) -> Approx:
    """max + log1p(exp(-d)), which moves by no more than the larger error.

    To what is added, at most log(2), the rounding of d adds 0.3 units, exp's 6 units of a number up to 1 add 3,
    and log1p's 8 units of log(2) add 5.6; the sum has one of its own. `size` is never below 1.69, so that 8 of it
    are more than these ten.
    """
    value = np.logaddexp(x.value, y.value)
    size = np.maximum(np.abs(x.value), np.abs(y.value)) + np.abs(value) + 1
    error = np.maximum(x.error, y.error) + 8 * arithmetic.unit * size + 4 * arithmetic.tiny
    return arithmetic.bounded(value, error, size)


def _hypot(arithmetic: Arithmetic, x: Approx, y: Approx, options: Any) -> Approx:
    """Scaled by the larger number against overflow: a quotient, a square, a sum, a root and a product, 8 units."""
    value = np.hypot(x.value, y.value)
    return arithmetic.bounded(value, x.error + y.error + 8 * arithmetic.unit * value + 4 * arithmetic.tiny)


def _squareplus(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """(x + sqrt(x² + b)) / 2."""
    root = arithmetic.sqrt(arithmetic.add(arithmetic.multiply(x, x), arithmetic.cast_constant(options["b"])))
    return arithmetic.divide(arithmetic.add(x, root), Approx(np.asarray(2.0), np.asarray(0.0)))


def _soft_shrink(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """x moved by a constant: continuous, so that either side of the threshold is near."""
    apart = np.abs(options["threshold"])
    value = _evaluate("SoftShrink", x.value, options)
    error = x.error + arithmetic.constant_unit * apart + arithmetic.unit * np.abs(value) + 2 * arithmetic.tiny
    return arithmetic.bounded(value, error, np.abs(x.value) + apart)


def _round(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """x · 10^n to the nearest whole number, which near a half may be either, and back."""
    value, decimals = _evaluate("Round", x.value, options), options["decimals"]
    factor = 10.0**decimals
    scaled = arithmetic.multiply(x, arithmetic.cast_constant(factor)) if decimals else x
    nearest, low, high = (np.round(scaled.value + sign * scaled.error) for sign in (0, -1, 1))
    error = np.maximum(high - nearest, nearest - low) / factor
    roundings = 4 * arithmetic.constant_unit * np.abs(value) + 2 * arithmetic.tiny if decimals else 0.0
    return arithmetic.bounded(value, error + roundings, np.abs(scaled.value))


def _nan_to_num(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    """Constants for what is no number; the farthest numbers depend on the dtype, and say nothing here."""
    value = _evaluate("NanToNum", x.value, options)
    put = {"nan": np.isnan(x.value), "posinf": x.value == np.inf, "neginf": x.value == -np.inf}
    error = x.error
    for option, places in put.items():
        constant = options[option]
        rounded = np.inf if constant is None else arithmetic.cast_constant(constant).error
        error = np.where(places, rounded, error)
    return Approx(value, error)


def _leaky_relu(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    below = arithmetic.multiply(x, arithmetic.cast_constant(options["negative_slope"]))
    return Approx(x.value, np.where(x.value > 0, x.error, below.error))


def _elu(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    alpha = arithmetic.cast_constant(options["alpha"])
    scaled = arithmetic.multiply(functions.activate(arithmetic, "elu", x), alpha)
    return Approx(x.value, np.where(x.value > 0, x.error, scaled.error))


def _celu(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    alpha = arithmetic.cast_constant(options["alpha"])
    inner = arithmetic.divide(x, alpha)
    scaled = arithmetic.multiply(functions.activate(arithmetic, "celu", inner), alpha)
    result = arithmetic.add(x, scaled)  # max(x, 0) + alpha · (...)
    return Approx(x.value, result.error)


def _softmax(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    return functions.last_axes(options["axis"], x, lambda rows: functions.softmax(arithmetic, rows))


def _log_softmax(arithmetic: Arithmetic, x: Approx, options: Any) -> Approx:
    return functions.last_axes(options["axis"], x, lambda rows: functions.log_softmax(arithmetic, rows))


_OTHERS: dict[str, Callable[..., Approx]] = {
    "Square": _square,
    "DivideNoNan": _divide_no_nan,
    "FloorDivide": _floor_divide,
    "Mod": _mod,
    "Power": _power,
    "Arctan2": _arctan2,
    "Logaddexp": _logaddexp,
    "Hypot": _hypot,
    "Squareplus": _squareplus,
    "SoftShrink": _soft_shrink,
    "Round": _round,
    "NanToNum": _nan_to_num,
    **PRODUCTS,
    "LeakyRelu": _leaky_relu,
    "Elu": _elu,
    "Celu": _celu,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
}
