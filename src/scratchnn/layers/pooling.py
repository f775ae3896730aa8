"""What the pooling layers share: windows over any number of spatial axes."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from ..windows import Sizes, pad, taps
from .base import Array, Layer
from .convolution import PADDINGS, from_channels_last, pair, spatial_output, to_channels_last
from .options import Options, Weights


class Pooling(Layer):
    """One number for each window and channel.

    Attributes:
        pool_size: positions of a window along each spatial axis.
        strides: steps from window to window.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = 2,
        *,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if padding not in PADDINGS:
            raise ConfigError(f"{self.label}: padding: expected one of {PADDINGS}, got {padding!r}")
        if data_format not in ("channels_last", "channels_first"):
            raise ConfigError(f"{self.label}: data_format: expected channels_last or _first, got {data_format!r}")
        self.pool_size = pair(pool_size, self.rank, f"{self.label}: pool_size")
        self.strides = self.pool_size if strides is None else pair(strides, self.rank, f"{self.label}: strides")
        self.padding, self.data_format = padding, data_format

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Pooling":
        """Build from Keras's config of a pooling layer; strides default to the pool size."""
        pool_size = options.sizes("pool_size", cls.rank)
        strides = options.raw("strides", None)
        return cls(
            pool_size,
            None if strides is None else options.sizes("strides", cls.rank),
            padding=options.choice("padding", PADDINGS, "valid"),
            data_format=options.data_format(),
        )

    def pool(self, x: Array) -> Array:
        """Pool a channels-last x (batch, *spatial, channels)."""
        raise NotImplementedError

    @property
    def geometry(self) -> tuple[Sizes, Sizes, Sizes]:
        """Window, strides and (no) dilation, as `scratchnn.windows` takes them."""
        return self.pool_size, self.strides, (1,) * self.rank

    def forward(self, x: Any) -> Array:
        """(batch, *spatial, channels) -> (batch, *out, channels), or with the channels second.

        Raises:
            InputError: another rank, no elements, or smaller than a window.
        """
        x = self.as_numbers(x, ndim=self.rank + 2)
        self.output_shape(x.shape)
        return from_channels_last(self.pool(to_channels_last(x, self.data_format)), self.data_format)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Sizes after pooling."""
        self.check_shape(input_shape, ndim=self.rank + 2)
        first = self.data_format == "channels_first"
        spatial = input_shape[2:] if first else input_shape[1:-1]
        out = spatial_output(self.label, spatial, *self.geometry, self.padding)
        return (*input_shape[:2], *out) if first else (input_shape[0], *out, input_shape[-1])


class MaxPooling(Pooling):
    """The largest value of each window; padding never wins. A NaN in a window gives NaN."""

    bound = "maximum"
    whole_numbers = "keep"

    def pool(self, x: Array) -> Array:
        """The maximum over the positions of the window, one strided view at a time."""
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min if x.dtype.kind in "iu" else False
        padded = pad(x, *self.geometry, self.padding, value=lowest)
        return reduce(np.maximum, taps(padded, *self.geometry))


class AveragePooling(Pooling):
    """The mean of each window over the positions that lie inside the input."""

    bound = "average"

    def pool(self, x: Array) -> Array:
        """Sum over the positions of the window, divided by how many of them are not padding."""
        total = reduce(np.add, taps(pad(x, *self.geometry, self.padding), *self.geometry))
        inside = np.ones((1, *x.shape[1:-1], 1), x.dtype)
        count = reduce(np.add, taps(pad(inside, *self.geometry, self.padding), *self.geometry))
        return total / count


class GlobalPooling(Layer):
    """One number for each channel, over all spatial positions.

    Attributes:
        keepdims: whether the spatial axes stay, with size 1.
        data_format: 'channels_last' or 'channels_first'.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        *,
        keepdims: bool = False,
        data_format: str = "channels_last",
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.keepdims, self.data_format = keepdims, data_format

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "GlobalPooling":
        """Build from Keras's config of a global pooling layer."""
        return cls(keepdims=options.flag("keepdims", False), data_format=options.data_format())

    @property
    def axes(self) -> tuple[int, ...]:
        """The spatial axes."""
        start = 2 if self.data_format == "channels_first" else 1
        return tuple(range(start, start + self.rank))

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *spatial, channels) -> (batch, channels), or with ones between."""
        self.check_shape(input_shape, ndim=self.rank + 2)
        kept = (1 if axis in self.axes else size for axis, size in enumerate(input_shape))
        dropped = (size for axis, size in enumerate(input_shape) if axis not in self.axes)
        return tuple(kept if self.keepdims else dropped)


class GlobalMaxPooling(GlobalPooling):
    """The largest value of each channel."""

    bound = "maximum"
    whole_numbers = "keep"

    def forward(self, x: Any) -> Array:
        """The maximum over the spatial axes.

        Raises:
            InputError: another rank, or no elements.
        """
        largest: Array = self.as_numbers(x, ndim=self.rank + 2).max(axis=self.axes, keepdims=self.keepdims)
        return largest


class GlobalAveragePooling(GlobalPooling):
    """The mean of each channel."""

    bound = "average"
    whole_numbers = "promote"

    def forward(self, x: Any) -> Array:
        """The mean over the spatial axes.

        Raises:
            InputError: another rank, or no elements.
        """
        x = self.as_numbers(x, ndim=self.rank + 2)
        mean: Array = x.mean(axis=self.axes, keepdims=self.keepdims, dtype=x.dtype)
        return mean
