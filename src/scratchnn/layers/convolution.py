"""What the convolutions share: a convolution over any number of spatial axes."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..errors import ConfigError, InputError, WeightError
from ..spec import Shape
from ..windows import Sizes, output_size, pad, window_view
from .base import Array, Layer
from .options import Options, Weights

PADDINGS = ("valid", "same")


def to_channels_last(x: Array, data_format: str) -> Array:
    """A view of x with the channels last."""
    return np.moveaxis(x, 1, -1) if data_format == "channels_first" else x


def from_channels_last(x: Array, data_format: str) -> Array:
    """A view of x with the channels where `data_format` has them."""
    return np.moveaxis(x, -1, 1) if data_format == "channels_first" else x


def pair(value: int | Sequence[int], rank: int, what: str) -> Sizes:
    """`rank` positive integers, where one stands for all.

    Raises:
        ConfigError: anything else.
    """
    sizes = (value,) * rank if isinstance(value, int | np.integer) else tuple(value)
    if len(sizes) != rank or any(not isinstance(n, int | np.integer) or n < 1 for n in sizes):
        raise ConfigError(f"{what}: expected {rank} positive integers or one for all, got {value!r}")
    return tuple(map(int, sizes))


class Convolution(Layer):
    """activation(x ∗ kernel + bias) over `rank` spatial axes; the kernel is not flipped.

    Attributes:
        weights: the kernel (*kernel_size, channels / groups, filters).
        biases: the bias (filters,), or None.
    """

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = PADDINGS
    filter_axis: ClassVar[int] = -1  # of the kernel
    variables: ClassVar[tuple[str, ...]] = ("weights", "biases")
    bound = "dot"

    def __init__(
        self,
        weights: Any,
        biases: Any,
        activation: str | activations.Activation | None = "relu",
        padding: str = "same",
        *,
        strides: int | Sequence[int] = 1,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
        data_format: str = "channels_last",
        use_bias: bool = True,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.activation = activation
        self.activate = activations.get(activation)
        if padding not in self.paddings:
            raise ConfigError(f"{self.label}: padding: expected one of {self.paddings}, got {padding!r}")
        if data_format not in ("channels_last", "channels_first"):
            raise ConfigError(f"{self.label}: data_format: expected channels_last or _first, got {data_format!r}")
        self.padding, self.groups, self.data_format = padding, groups, data_format
        self.strides = pair(strides, self.rank, f"{self.label}: strides")
        self.dilation_rate = pair(dilation_rate, self.rank, f"{self.label}: dilation_rate")
        self.set_weights(weights, biases if use_bias else None)

    @classmethod
    def take_weights(cls, options: Options, weights: Weights, input_shape: Shape) -> tuple[Array, Array | None]:
        """Kernel and bias, checked against the config and the channels of the input."""
        filters, kernel_size = options.integer("filters"), options.sizes("kernel_size", cls.rank)
        channels = input_shape[1 if options.data_format() == "channels_first" else -1]
        groups = options.integer("groups", 1)
        if channels is not None and channels % groups:
            raise ConfigError(f"{options.layer}: {groups} groups do not divide {channels} input channels")
        per_group = None if channels is None else channels // groups
        kernel = weights.take("kernel", (*kernel_size, per_group, filters))
        return kernel, weights.take("bias", (filters,)) if options.flag("use_bias", True) else None

    @classmethod
    def take_options(cls, options: Options) -> dict[str, Any]:
        """The keyword arguments of the constructor."""
        options.only("lora_rank", None)
        options.only("quantization_config", None)
        return {
            "activation": options.activation("activation", None),
            "padding": options.choice("padding", cls.paddings, "valid"),
            "strides": options.sizes("strides", cls.rank, 1),
            "dilation_rate": options.sizes("dilation_rate", cls.rank, 1),
            "groups": options.integer("groups", 1),
            "data_format": options.data_format(),
        }

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Convolution":
        """Build from Keras's config of a convolution."""
        kernel, bias = cls.take_weights(options, weights, input_shape)
        return cls(kernel, bias, **cls.take_options(options))

    def set_weights(self, weights: Any, biases: Any = None) -> None:
        """Set the kernel (*kernel_size, channels / groups, filters) and the bias (filters,) or None.

        Raises:
            WeightError: another rank, or filters that do not match the bias or the groups.
        """
        kernel = np.asarray(weights)
        if kernel.ndim != self.rank + 2 or kernel.shape[self.filter_axis] % self.groups:
            raise WeightError(
                f"{self.label}: weight 'kernel': expected rank {self.rank + 2} and filters that "
                f"{self.groups} groups divide, got shape {kernel.shape}"
            )
        (self.weights,) = self.as_weights(kernel=(kernel, kernel))
        zeros = None if biases is None else np.zeros(self.filters, self.dtype)
        (self.biases,) = self.as_weights(bias=(biases, zeros))

    @property
    def kernel_size(self) -> Sizes:
        """Taps along each spatial axis."""
        return self.weights.shape[: self.rank]

    @property
    def filters(self) -> int:
        """Channels of the output."""
        return int(self.weights.shape[self.filter_axis])

    def check_channels(self, input_shape: Sequence[int | None]) -> None:
        """Check rank and channels of an input shape.

        Raises:
            InputError: they are not what the kernel takes.
        """
        self.check_shape(input_shape, ndim=self.rank + 2)
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        expected = self.weights.shape[-3 - self.filter_axis] * self.groups  # the other of the last two
        if channels not in (expected, None):
            raise InputError(
                f"{self.label}: kernel has {expected} input channels, the input has {channels} "
                f"(shape {tuple(input_shape)})"
            )

    def linear(self, x: Array) -> Array:
        """x ∗ kernel + bias, before the activation, in the layer's data format."""
        kernel = np.asarray(self.weights, x.dtype)
        taken = (self.kernel_size, self.strides, self.dilation_rate)
        padded = pad(to_channels_last(x, self.data_format), *taken, self.padding)
        windows = window_view(padded, *taken)  # (batch, *out, *kernel_size, channels)
        parts = [
            np.tensordot(inputs, filters, axes=self.rank + 1)  # (batch, *out, filters / groups)
            for inputs, filters in zip(
                np.split(windows, self.groups, axis=-1), np.split(kernel, self.groups, axis=-1), strict=True
            )
        ]
        z = parts[0] if self.groups == 1 else np.concatenate(parts, axis=-1)
        if self.biases is not None:
            z = z + np.asarray(self.biases, x.dtype)
        return from_channels_last(z, self.data_format)

    def forward(self, x: Any) -> Array:
        """activation(x ∗ kernel + bias).

        Raises:
            InputError: another rank or number of channels, no elements, or smaller than the kernel.
        """
        x = self.as_numbers(x, ndim=self.rank + 2)
        self.output_shape(x.shape)
        return self.activate(self.linear(x))

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *spatial, channels) -> (batch, *out, filters), or with the channels second."""
        self.check_channels(input_shape)
        first = self.data_format == "channels_first"
        spatial = input_shape[2:] if first else input_shape[1:-1]
        out = spatial_output(self.label, spatial, self.kernel_size, self.strides, self.dilation_rate, self.padding)
        return (input_shape[0], self.filters, *out) if first else (input_shape[0], *out, self.filters)


def spatial_output(
    label: str, spatial: Shape, kernel: Sizes, strides: Sizes, dilation: Sizes, padding: str
) -> Shape:
    """Sizes of the output along the spatial axes.

    Raises:
        InputError: the input is smaller than one window.
    """
    out = tuple(
        None if size is None else output_size(size, k, s, d, padding)
        for size, k, s, d in zip(spatial, kernel, strides, dilation, strict=True)
    )
    if any(n is not None and n < 1 for n in out):
        raise InputError(f"{label}: an input of {spatial} is smaller than the window {kernel}")
    return out
