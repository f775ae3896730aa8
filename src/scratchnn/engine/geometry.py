"""Sizes of a convolution with its pooling, the padded input, and the windows over it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..layers.base import Array
from ..layers.convolution import Convolution
from ..layers.pooling import Pooling
from ..windows import axis_padding, output_size
from .steps import FLOAT32


@dataclass(frozen=True)
class Geometry:
    """Sizes along height and width; one spatial axis is a width, with a height of 1.

    Attributes:
        size: of the input.
        kernel, strides, dilation: of the convolution.
        padding: added before and after.
        pool: size of the pool, 1 without one.
        out: sizes after pooling.
    """

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    pool: tuple[int, ...]
    out: tuple[int, ...]

    @classmethod
    def of(cls, conv: Convolution, pool: Pooling | None, shape: tuple[int, ...]) -> "Geometry":
        """The geometry for input of that shape.

        Raises:
            InputError: the layers do not take it.
        """
        conv_shape = conv.output_shape(shape)
        if pool is not None:
            pool.output_shape(conv_shape)
        lacking = (1,) * (2 - conv.rank)
        given = (shape[1:-1], conv.kernel_size, conv.strides, conv.dilation_rate)
        axes: list[tuple[int, int, int, int]]
        axes = list(zip(*(lacking + sizes for sizes in given), strict=True))
        pool_size = lacking + ((1,) * conv.rank if pool is None else pool.pool_size)
        # Causal padding is for time, the width; a height of 1 gets none either way.
        padding = tuple(axis_padding(*axis, conv.padding) for axis in axes)
        found = tuple(output_size(*axis, conv.padding) // p for axis, p in zip(axes, pool_size, strict=True))
        size, kernel, strides, dilation = zip(*axes, strict=True)
        return cls(size, kernel, strides, dilation, padding, pool_size, found)

    @property
    def pooled(self) -> tuple[int, ...]:
        """The sizes of what the pooling looks at: the convolution's output, or what is left of it."""
        return tuple(n * p for n, p in zip(self.out, self.pool, strict=True))

    def seen(self, axis: int) -> Array:
        """Which pixels the windows see along an axis, without strides and dilation: (pooled, size) of 0 and 1."""
        first = np.arange(self.pooled[axis])[:, None] - self.padding[axis][0]
        pixels = np.arange(self.size[axis])
        return ((pixels >= first) & (pixels < first + self.kernel[axis])).astype(FLOAT32)

    def padded(self, batch: int, channels: int) -> tuple[Array, Array]:
        """Zeros (batch, padded height, padded width, channels), and the part (batch, *size, channels) inside."""
        (top, bottom), (left, right) = self.padding
        height, width = self.size
        zeros = np.zeros((batch, top + height + bottom, left + width + right, channels), FLOAT32)
        return zeros, zeros[:, top : top + height, left : left + width]

    def windows(self, padded: Array) -> Array:
        """What the windows see, without copying: (*pool, image, *out, kernel_height, kernel_width) of pixels.

        Where the pixels of a kernel row lie side by side, they are one item, and kernel_width is 1.

        Args:
            padded: (batch, padded height, padded width, channels), maybe some channels of more.
        """
        image, row, column, item = padded.strides
        channels, (tap_height, tap_width) = padded.shape[-1], self.kernel
        steps = [
            (s * p * stride, s * stride, d * stride)
            for s, p, d, stride in zip(self.strides, self.pool, self.dilation, (row, column), strict=True)
        ]
        (down, pool_down, tap_down), (across, pool_across, tap_across) = steps
        joined = tap_width if self.dilation[1] == 1 and column == channels * item else 1
        shape = (*self.pool, len(padded), *self.out, tap_height, tap_width // joined)
        strides = (pool_down, pool_across, image, down, across, tap_down, tap_across)
        # A void array is made over the same bytes, because the last axis of `padded` is narrower than the item.
        pixels = np.dtype((np.void, joined * channels * item))
        view: Array = as_strided(_overlay(padded, pixels), shape, strides)
        return view


def _overlay(array: Array, dtype: np.dtype[Any]) -> Array:
    """One item of another dtype that begins where the array does, and keeps it alive."""
    whole = array if array.base is None else array.base
    offset = array.ctypes.data - whole.ctypes.data
    return np.ndarray((1,), dtype, whole.data, offset)
