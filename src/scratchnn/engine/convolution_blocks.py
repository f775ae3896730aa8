"""A block of convolution, normalization, activation and pooling as a list of prepared NumPy calls.

The convolution is one matrix product for each band of output rows: what the windows of the band see is copied into
the rows of a matrix ("im2col") that stays in the cache, and the product with the kernel gives all filters at once.

- The copy takes what one row of the kernel sees, kernel_width · channels floats that lie side by side, as a single
  item of a void dtype: NumPy then moves blocks instead of numbers.
- Where pooling follows, the windows are ordered by their place in the pool, (place, image, row, column). Pooling
  is then a maximum (or sum) of whole blocks that lie one after the other.
- max(z) + b is max(z + b), to the last bit, and so with relu: both are done after max pooling, on a quarter of
  the numbers. mean(relu(z)) is the sum of relu(z / n): the kernel and the bias are divided by n.
- Buffers, views and bands are made once for a shape; what is left for a call is to copy, multiply and pool.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .. import activations
from ..layers.average_pooling1d import AveragePooling1D
from ..layers.average_pooling2d import AveragePooling2D
from ..layers.base import Array
from ..layers.batch_normalization import BatchNormalization
from ..layers.convolution import Convolution
from ..layers.pooling import Pooling
from ..windows import axis_padding, output_size
from .folding import fold_normalization
from .pointwise import activation_in_place, full
from .products import Product, product_of
from .steps import FLOAT32

# Bytes of the matrix of one band and its product: they stay in the second-level cache of one core. Kernels of many
# terms get this many rows all the same, because each product reads the whole kernel.
BAND_BYTES, BAND_ROWS = 2**19, 256

# Activations f with f(max(z)) = max(f(z)) to the last bit, and f(z) / n = f(z / n).
HOMOGENEOUS = (activations.linear, activations.relu)

# Something to do, whose arguments are known.
Call = Callable[[], Any]


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


@dataclass(frozen=True)
class Block:
    """Layers that become one block.

    Attributes:
        conv: the convolution.
        activate: the activation, the convolution's own or that of a layer behind it.
        layers: how many layers the block takes.
        normalization: between the two, or None.
        pool: at the end, or None.
    """

    conv: Convolution
    activate: activations.Activation
    layers: int
    normalization: BatchNormalization | None = None
    pool: Pooling | None = None

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the block's output."""
        out = self.conv.output_shape(shape)
        return tuple(n or 0 for n in (out if self.pool is None else self.pool.output_shape(out)))

    def prepare(self, shape: tuple[int, ...], target: Array) -> tuple[Array, list[Call]]:
        """What to do for input of one shape.

        Args:
            shape: of the input (batch, *spatial, channels).
            target: (batch, *out, filters), where the output goes; its last axis is contiguous.

        Returns:
            An array (batch, *spatial, channels) to write the input to, and the calls that then fill `target`.

        Raises:
            InputError: the layers do not take such input.
        """
        geometry = Geometry.of(self.conv, self.pool, shape)
        kernel, bias = self._weights(geometry)
        padded, inside = geometry.padded(shape[0], shape[-1])
        out = target.reshape(shape[0], *geometry.out, -1)
        calls: list[Call] = []
        for inputs, filters in _groups(self.conv.groups, shape[-1], out.shape[-1]):
            windows = geometry.windows(padded[..., inputs])
            bands = _Bands(self, geometry, kernel[..., filters], None if bias is None else bias[filters])
            for images, rows in bands.cut(shape[0]):
                calls += bands.calls(windows[..., images, rows, :, :, :], out[images, rows, :, filters])
        return inside.reshape(shape), calls

    @property
    def average(self) -> bool:
        """Whether the pool takes means."""
        return isinstance(self.pool, AveragePooling1D | AveragePooling2D)

    @property
    def homogeneous(self) -> bool:
        """Whether the activation may change places with the pool (a maximum) or with its division."""
        return self.activate in HOMOGENEOUS

    def _weights(self, geometry: Geometry) -> tuple[Array, Array | None]:
        """Kernel (height, width, channels, filters) and bias with all folded in that can be."""
        kernel, bias = np.asarray(self.conv.weights), self.conv.biases
        if self.normalization is not None:
            kernel, bias = fold_normalization(self.normalization, kernel, bias)
        if self.average and self.homogeneous:
            share = math.prod(geometry.pool)
            kernel, bias = kernel / share, None if bias is None else bias / share
        return kernel.reshape(*geometry.kernel, *kernel.shape[-2:]), bias


def _groups(groups: int, channels: int, filters: int) -> Iterator[tuple[slice, slice]]:
    """The input channels and the filters of each group."""
    each, made = channels // groups, filters // groups
    for group in range(groups):
        yield slice(group * each, (group + 1) * each), slice(group * made, (group + 1) * made)


class _Bands:
    """Cuts the output into bands that fit the cache, and prepares the calls that compute them.

    Bands of the same size share the matrix and its product.

    Args:
        block: says what comes after the product.
        geometry: of the block.
        kernel: (height, width, channels, filters).
        bias: (filters,), or None.
    """

    def __init__(self, block: Block, geometry: Geometry, kernel: Array, bias: Array | None) -> None:
        self._block, self._geometry, self._bias = block, geometry, bias
        self._kernel = kernel.reshape(-1, kernel.shape[-1])
        self._places = math.prod(geometry.pool)
        self._products: dict[int, Product] = {}

    def cut(self, batch: int) -> Iterator[tuple[slice, slice]]:
        """Images and output rows of each band."""
        height, width = self._geometry.out
        matrix_rows = max(BAND_BYTES // (sum(self._kernel.shape) * FLOAT32.itemsize), BAND_ROWS)
        rows = max(1, matrix_rows // (self._places * width))
        images = max(1, rows // height)
        for image, row in product(range(0, batch, images), range(0, height, min(rows, height))):
            yield slice(image, min(image + images, batch)), slice(row, min(row + rows, height))

    def calls(self, windows: Array, out: Array) -> list[Call]:
        """Compute one band: from its windows to its place in the output (images, rows, columns, filters)."""
        rows = self._places * math.prod(out.shape[:3])
        if rows not in self._products:
            self._products[rows] = product_of(rows, self._kernel)
        matrix = self._products[rows]
        unfolded = matrix.inputs.view(windows.dtype).reshape(windows.shape)
        places = matrix.outputs.reshape(self._places, *out.shape)
        return [partial(np.copyto, unfolded, windows), matrix.run, *self._finish(places, out)]

    def _finish(self, places: Array, out: Array) -> list[Call]:
        """Bias, activation and pooling: (places of the pool, *out) -> out."""
        block = self._block
        if len(places) == 1:
            return self._activate(places[0], out)
        if not block.average and block.homogeneous:
            pooled = np.empty(out.shape, FLOAT32)
            return [*_combine(np.maximum, places, pooled), *self._activate(pooled, out)]
        calls = self._activate(places, places)
        calls += _combine(np.add if block.average else np.maximum, places, out)
        if block.average and not block.homogeneous:
            calls.append(partial(np.divide, out, full(out.shape, len(places)), out=out))
        return calls

    def _activate(self, z: Array, out: Array) -> list[Call]:
        """Bias and activation of z, which is overwritten, into out."""
        calls: list[Call] = []
        if self._bias is not None:
            calls.append(partial(np.add, z, full(z.shape, self._bias), out=z))
        if self._block.activate is activations.relu:
            return [*calls, partial(np.maximum, z, full(z.shape, 0), out=out)]
        in_place = activation_in_place(self._block.activate, z.shape)
        if in_place is not None:
            calls.append(partial(in_place, z))
        return calls if out is z else [*calls, partial(np.copyto, out, z)]


def _combine(function: np.ufunc, places: Array, out: Array) -> list[Call]:
    """function(function(places[0], places[1]), ...) into out, for two places or more."""
    first, *rest = places
    calls = list[Call]()
    for place in rest:
        calls.append(partial(function, first, place, out=out))
        first = out
    return calls
