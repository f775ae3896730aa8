"""Normalization: with a mean and a variance that were measured before."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights

# Keras's keras.config.epsilon().
LEAST_DEVIATION = 1e-7


@register("Normalization")
class Normalization(Elementwise):
    """(x - mean) / sqrt(variance), or the inverse of it: (...) -> (...).

    Source: https://keras.io/api/layers/preprocessing_layers/numerical/normalization/

    Args:
        mean, variance: the sizes along `axes`, or 1 where they share a value.
        axes: the axes that have a mean each, counted from the front, in order.
        invert: x · sqrt(variance) + mean instead.
        count: how many samples they were measured from, where they are weights; it matters to measuring alone.
    """

    bound = "normalization"

    def __init__(
        self,
        mean: Any,
        variance: Any,
        axes: Sequence[int],
        *,
        invert: bool = False,
        count: Any = None,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.mean, self.variance, self.count = np.asarray(mean), np.asarray(variance), count
        self.axes, self.invert = tuple(axes), invert

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Normalization":
        """Build from Keras's Normalization config; mean and variance are weights or options."""
        axes = _kept_axes(options, len(input_shape))
        invert = options.flag("invert", False)
        given = [options.raw(key, None) for key in ("mean", "variance")]
        if given == [None, None]:
            sizes = [input_shape[axis] for axis in axes]
            mean, variance = weights.take("mean", sizes), weights.take("variance", sizes)
            return cls(mean, variance, axes, invert=invert, count=weights.take("count", ()))
        arrays = [_numbers(options, key, value) for key, value in zip(("mean", "variance"), given, strict=True)]
        if arrays[0].shape != arrays[1].shape or arrays[0].ndim > len(axes):
            raise ConfigError(
                f"{options.layer}: options 'mean' and 'variance': expected the same shape along axes {axes}, got "
                f"{arrays[0].shape} and {arrays[1].shape}"
            )
        shape = (1,) * (len(axes) - arrays[0].ndim) + arrays[0].shape
        layer = cls(arrays[0].reshape(shape), arrays[1].reshape(shape), axes, invert=invert)
        layer.output_shape(input_shape)
        return layer

    def get_weights(self) -> list[Array]:
        """Mean, variance and count where they are weights of the file; none where its config has them."""
        return [] if self.count is None else [self.mean, self.variance, self.count]

    def map_weights(self, change: Callable[[Array], Array], dtype: DTypeLike | None = None) -> Self:
        """A copy with `change` applied to mean and variance."""
        other = super().map_weights(change, dtype)
        other.mean, other.variance = change(self.mean), change(self.variance)
        return other

    def stretched(self, array: Array, ndim: int) -> Array:
        """Mean or variance with axes of size 1 where the input has others."""
        shape = [1] * ndim
        for axis, size in zip(self.axes, array.shape, strict=True):
            shape[axis] = size
        return array.reshape(shape)

    def apply(self, x: Array) -> Array:
        """(x - mean) / max(sqrt(variance), 1e-7), or the inverse."""
        self.output_shape(x.shape)
        mean, variance = (self.stretched(np.asarray(a, x.dtype), x.ndim) for a in (self.mean, self.variance))
        deviation = np.maximum(np.sqrt(variance), x.dtype.type(LEAST_DEVIATION))
        return mean + x * deviation if self.invert else (x - mean) / deviation

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        for axis, size in zip(self.axes, self.mean.shape, strict=True):
            if size != 1:
                self.check_axis(input_shape, axis, size)
        return input_shape


def _kept_axes(options: Options, rank: int) -> Sequence[int]:
    """The axes that have a mean each, counted from the front, in order."""
    given = options.raw("axis", -1)
    axes = [] if given is None else list(given) if isinstance(given, list | tuple) else [given]
    if any(type(axis) is not int or not -rank <= axis < rank for axis in axes):
        raise ConfigError(
            f"{options.layer}: option 'axis': expected axes of an input of rank {rank}, got {given!r}"
        )
    return sorted(axis % rank for axis in axes)


def _numbers(options: Options, key: str, value: Any) -> Array:
    """A number or a list of numbers; Keras rounds it to float32."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ConfigError(f"{options.layer}: option {key!r}: expected numbers, got {value!r}")
    return array.astype(np.float32)
