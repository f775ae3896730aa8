"""GroupNormalization: each group of channels of a sample with the mean and the variance of its own."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError, InputError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("GroupNormalization")
class GroupNormalization(Layer):
    """gamma · (x - mean) / sqrt(variance + epsilon) + beta, group by group of the channels: (...) -> (...).

    Source: https://arxiv.org/abs/1803.08494 and
    https://keras.io/api/layers/normalization_layers/group_normalization/

    Args:
        groups: how many; they divide the channels.
        gamma, beta: (channels,), or None where the layer does not scale or center.
        axis: the axis of the channels.
        epsilon: added to the variance, inside the root.
    """

    variables = ("gamma", "beta")
    bound = "group_normalization"
    autocast = False
    supports_masking = True

    def __init__(
        self,
        groups: int = 32,
        gamma: Any = None,
        beta: Any = None,
        *,
        axis: int = -1,
        epsilon: float = 1e-3,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.groups, self.axis, self.epsilon = groups, axis, epsilon
        self.gamma, self.beta = (None if array is None else np.asarray(array) for array in (gamma, beta))

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "GroupNormalization":
        """Build from Keras's GroupNormalization config."""
        axis = options.axes("axis", len(input_shape), -1)
        if not isinstance(axis, int):
            raise ConfigError(f"{options.layer}: option 'axis': expected one axis, got {axis!r}")
        channels, groups = input_shape[axis], options.integer("groups", 32, minimum=-1)
        if channels is None or not groups or channels % groups:
            raise ConfigError(
                f"{options.layer}: option 'groups': expected a divisor of the {channels} channels along axis "
                f"{axis}, or -1, got {groups}"
            )
        groups = channels if groups == -1 else groups  # one for each channel
        epsilon = options.number("epsilon", 1e-3, minimum=0)
        gamma = weights.take("gamma", (channels,)) if options.flag("scale", True) else None
        beta = weights.take("beta", (channels,)) if options.flag("center", True) else None
        return cls(groups, gamma, beta, axis=axis, epsilon=epsilon)

    def in_groups(self, x: Array) -> tuple[Array, tuple[int, ...]]:
        """x with the channels' axis split in (groups, channels of a group), and the axes of one group."""
        axis = self.axis % x.ndim
        split = x.reshape(*x.shape[:axis], self.groups, x.shape[axis] // self.groups, *x.shape[axis + 1 :])
        return split, tuple(n for n in range(1, split.ndim) if n != axis)

    def stretched(self, weight: Array, ndim: int) -> Array:
        """gamma or beta with axes of size 1 where the input has others."""
        shape = [1] * ndim
        shape[self.axis] = len(weight)
        return weight.reshape(shape)

    def forward(self, x: Any) -> Array:
        """Normalize x: (...) -> (...); float16 is worked out in float32, as in Keras.

        Raises:
            InputError: another number of channels, no elements, no real numbers.
        """
        given = self.as_numbers(x)
        self.output_shape(given.shape)
        split, axes = self.in_groups(given.astype(np.result_type(given, np.float32), copy=False))
        centered = split - split.mean(axis=axes, keepdims=True)
        variance = np.square(centered).mean(axis=axes, keepdims=True)
        y = (centered / np.sqrt(variance + split.dtype.type(self.epsilon))).reshape(given.shape)
        if self.gamma is not None:
            y = y * self.stretched(np.asarray(self.gamma, y.dtype), y.ndim)
        if self.beta is not None:
            y = y + self.stretched(np.asarray(self.beta, y.dtype), y.ndim)
        return y.astype(given.dtype, copy=False)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        self.check_shape(input_shape, min_ndim=2)
        for weight in (self.gamma, self.beta):
            if weight is not None:
                self.check_axis(input_shape, self.axis, len(weight))
        if (input_shape[self.axis] or 0) % self.groups:
            raise InputError(f"{self.label}: expected channels in {self.groups} groups, got shape {input_shape}")
        return input_shape
