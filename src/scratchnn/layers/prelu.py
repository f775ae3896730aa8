"""PReLU: a learned slope below zero."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register("PReLU")
class PReLU(Elementwise):
    """x where positive, alpha · x elsewhere: (batch, ...) -> (batch, ...).

    Source: https://arxiv.org/abs/1502.01852 and https://keras.io/api/layers/activation_layers/prelu/

    Args:
        alpha: the slopes, in the shape of a sample, with 1 along the axes that share one.
    """

    variables = ("alpha",)
    bound = "piecewise_linear"

    def __init__(self, alpha: Any, *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.alpha = np.asarray(alpha)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "PReLU":
        """Build from Keras's PReLU config."""
        given = options.raw("shared_axes", None)
        shared: Sequence[int] = given if isinstance(given, list | tuple) else [] if given is None else [given]
        if any(type(axis) is not int or not 0 < axis < len(input_shape) for axis in shared):
            raise ConfigError(
                f"{options.layer}: option 'shared_axes': expected axes of {input_shape}, got {given!r}"
            )
        return cls(
            weights.take("alpha", [1 if n in shared else input_shape[n] for n in range(1, len(input_shape))])
        )

    @property
    def negative_slope(self) -> Array:
        """The slopes, by the name that the other rectifiers have for them."""
        return self.alpha

    def apply(self, x: Array) -> Array:
        """max(x, 0) - alpha · max(-x, 0)."""
        self.output_shape(x.shape)
        slopes = np.asarray(self.alpha, x.dtype)
        return np.maximum(x, 0) - slopes * np.maximum(-x, 0)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        self.check_shape(input_shape, ndim=self.alpha.ndim + 1)
        for axis, size in enumerate(self.alpha.shape, start=1):
            if size != 1:
                self.check_axis(input_shape, axis, size)
        return input_shape
