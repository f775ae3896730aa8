"""Keras's activation functions by name, for any floating dtype: the result has the dtype of the input.

Each function takes and gives an array of any shape; `axis` is -1 for those that look along an axis.
Source of the formulas: https://keras.io/api/layers/activations/
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from numpy.typing import NDArray

from .errors import ConfigError

Array = NDArray[Any]
Activation = Callable[[Array], Array]

# alpha and scale of SELU to float64: https://arxiv.org/abs/1706.02515, appendix A.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def linear(x: Array) -> Array:
    """x, unchanged."""
    return x


def relu(x: Array, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Array:
    """x above the threshold, negative_slope · (x - threshold) below it, cut at max_value."""
    above = np.maximum(x, 0) if threshold == 0 else np.where(x > threshold, x, np.zeros_like(x))
    if max_value is not None:
        above = np.minimum(above, x.dtype.type(max_value))
    if negative_slope == 0:
        return above
    below: Array = above + negative_slope * np.minimum(x - threshold, 0)
    return below


def leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    """x where positive, negative_slope · x elsewhere."""
    return np.where(x > 0, x, negative_slope * x)


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6)."""
    return np.minimum(np.maximum(x, 0), 6)


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x where positive, alpha · (exp(x) - 1) elsewhere."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x: Array) -> Array:
    """elu with the alpha and the scale that keep mean and variance."""
    scaled: Array = SELU_SCALE * elu(x, SELU_ALPHA)
    return scaled


def celu(x: Array, alpha: float = 1.0) -> Array:
    """max(x, 0) + alpha · (exp(min(x, 0) / alpha) - 1)."""
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha)


def exponential(x: Array) -> Array:
    """exp(x)."""
    return np.exp(x)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def log_sigmoid(x: Array) -> Array:
    """log(sigmoid(x)) = -softplus(-x)."""
    return -softplus(-x)


def hard_sigmoid(x: Array) -> Array:
    """relu6(x + 3) / 6. (Keras 1 and 2 meant `legacy_hard_sigmoid`.)"""
    return relu6(x + 3) / 6


def legacy_hard_sigmoid(x: Array) -> Array:
    """clip(0.2 x + 0.5, 0, 1): what Keras 1 and 2 called hard_sigmoid."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def sparse_sigmoid(x: Array) -> Array:
    """0 up to -1, (x + 1) / 2 between, 1 from 1 on."""
    return np.where(x <= -1, np.zeros_like(x), np.where(x >= 1, np.ones_like(x), 0.5 * (x + 1)))


def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    return np.tanh(x)


def hard_tanh(x: Array) -> Array:
    """x cut to [-1, 1]."""
    return np.clip(x, -1, 1)


def tanh_shrink(x: Array) -> Array:
    """x - tanh(x)."""
    return x - np.tanh(x)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), from exp(-|x|), which cannot overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softsign(x: Array) -> Array:
    """x / (1 + |x|)."""
    return x / (1 + np.abs(x))


def sparse_plus(x: Array) -> Array:
    """0 up to -1, (x + 1)² / 4 between, x from 1 on."""
    return np.where(x <= -1, np.zeros_like(x), np.where(x < 1, 0.25 * (x + 1) ** 2, x))


def squareplus(x: Array, b: float = 4.0) -> Array:
    """(x + sqrt(x² + b)) / 2."""
    return (x + np.sqrt(x * x + b)) / 2


def silu(x: Array) -> Array:
    """x · sigmoid(x)."""
    return x * sigmoid(x)


def hard_silu(x: Array) -> Array:
    """x · hard_sigmoid(x)."""
    return x * hard_sigmoid(x)


def mish(x: Array) -> Array:
    """x · tanh(softplus(x))."""
    return x * np.tanh(softplus(x))


def gelu(x: Array, approximate: bool = False) -> Array:
    """x · Φ(x) with the normal distribution function Φ, or its tanh approximation."""
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + np.tanh(inner))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def soft_shrink(x: Array, threshold: float = 0.5) -> Array:
    """x moved towards 0 by the threshold, 0 within it."""
    return np.where(x > threshold, x - threshold, np.where(x < -threshold, x + threshold, np.zeros_like(x)))


def hard_shrink(x: Array, threshold: float = 0.5) -> Array:
    """x where |x| > threshold, else 0."""
    return np.where(np.abs(x) > threshold, x, np.zeros_like(x))


def softmax(x: Array, axis: int | tuple[int, ...] = -1) -> Array:
    """exp(x) over its sum along `axis`; the maximum is taken off first, so that nothing overflows."""
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    normalized: Array = powers / powers.sum(axis=axis, keepdims=True)
    return normalized


def log_softmax(x: Array, axis: int = -1) -> Array:
    """log(softmax(x)) without forming the quotient."""
    shifted = x - x.max(axis=axis, keepdims=True)
    logs: Array = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return logs


def sparsemax(x: Array, axis: int = -1) -> Array:
    """max(x - tau, 0) with the threshold tau as Keras computes it, which is not sparsemax's.

    Keras adds up all the cumulative sums over the support where https://arxiv.org/abs/1602.02068 takes the last
    one, so its rows do not add up to 1 unless the support has one element. A model was trained with that.
    """
    ordered = -np.sort(-x, axis=axis)
    sums = np.cumsum(ordered, axis=axis)
    shape = [1] * x.ndim
    shape[axis] = -1
    rank = np.arange(1, x.shape[axis] + 1, dtype=x.dtype).reshape(shape)
    support = ordered - (sums - 1) / rank > 0
    size = support.sum(axis=axis, keepdims=True)
    total = np.where(support, sums, np.zeros_like(sums)).sum(axis=axis, keepdims=True)
    return np.maximum(x - (total - 1) / size.astype(x.dtype), 0)


def glu(x: Array, axis: int = -1) -> Array:
    """The first half of x along `axis` times the sigmoid of the second.

    Raises:
        ConfigError: the axis has an odd size.
    """
    if x.shape[axis] % 2:
        raise ConfigError(f"glu: expected an even size along axis {axis}, got shape {x.shape}")
    value, gate = np.split(x, 2, axis=axis)
    gated: Array = value * sigmoid(gate)
    return gated


# erf(x) is 2/sqrt(pi) times its Taylor series below 1; above, 1 - exp(-x²) · (erfc(x) · exp(x²)), whose last
# factor is smooth. It is fitted at points that float32 holds, where x·x is exact and so exp(x·x) is accurate.
_ERF_NEAR = Polynomial([2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(20)])
_ERF_POINTS = [float(np.float32(3.5 - 2.5 * math.cos(math.pi * (k + 0.5) / 100))) for k in range(100)]
_ERF_FAR = Chebyshev.fit(_ERF_POINTS, [math.erfc(x) * math.exp(x * x) for x in _ERF_POINTS], 28, domain=[1, 6])


def erf(x: Array) -> Array:
    """The error function, evaluated in float64: within 3 units of 2⁻⁵³ relative."""
    size = np.minimum(np.abs(x).astype(np.float64), 6)  # erf(6) is 1 in float64
    near = size * _ERF_NEAR(np.minimum(size * size, 1))
    far = 1 - np.exp(-size * size) * _ERF_FAR(np.maximum(size, 1))
    return np.copysign(np.where(size < 1, near, far), x).astype(x.dtype)


_NAMES: dict[str, Activation] = {
    function.__name__: function
    for function in (
        *(linear, relu, leaky_relu, relu6, elu, selu, celu, exponential),
        *(sigmoid, log_sigmoid, hard_sigmoid, sparse_sigmoid, tanh, hard_tanh, tanh_shrink),
        *(softplus, softsign, sparse_plus, squareplus, silu, hard_silu, mish, gelu),
        *(soft_shrink, hard_shrink, softmax, log_softmax, sparsemax, glu, legacy_hard_sigmoid),
    )
}
OF_WHOLE_NUMBERS = (linear, relu, relu6)  # they give whole numbers for such
ALONG_LAST_AXIS = (softmax, log_softmax, sparsemax, glu)
ACTIVATIONS: dict[str, Activation] = {**_NAMES, "swish": silu, "hard_swish": hard_silu}


@dataclass(frozen=True)
class WithOptions:
    """A function with options other than its defaults: what a layer such as LeakyReLU is as an activation.

    Attributes:
        name: of the function here.
        options: pairs of names and values.
    """

    name: str
    options: tuple[tuple[str, Any], ...]

    def __call__(self, x: Array) -> Array:
        """The function of x, with the options."""
        function: Callable[..., Array] = _NAMES[self.name]
        return function(x, **dict(self.options))


def get(activation: str | Activation | None) -> Activation:
    """The function that a name stands for; None is `linear`, a function is itself.

    Raises:
        ConfigError: the name is none of Keras's.
    """
    if activation is None:
        return linear
    if callable(activation):
        return activation
    if activation not in ACTIVATIONS:
        raise ConfigError(f"unknown activation {activation!r}: expected one of {', '.join(sorted(ACTIVATIONS))}")
    return ACTIVATIONS[activation]
