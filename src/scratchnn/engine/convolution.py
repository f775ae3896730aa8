"""Conv2D with the batch normalization, the activation and the pooling that follow it.

The convolution is one matrix product for each band of output rows: what the windows of the band see is copied into
the rows of a matrix ("im2col") that stays in the cache, and the product with the kernel gives all filters at once.

- The copy takes what one row of the kernel sees, kernel_width · channels floats that lie side by side, as a single
  item of a void dtype: NumPy then moves blocks instead of numbers.
- Where pooling follows, the windows are ordered by their place in the pool, (place, image, row, column). Pooling
  is then a maximum (or sum) of whole blocks that lie one after the other.
- max(z) + b is max(z + b), to the last bit, and so with relu: both are done after max pooling, on a quarter of
  the numbers.
- Buffers, views and bands are made once for a shape of tile; a call only copies, multiplies and pools.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .. import activations
from ..layers.activation import Activation
from ..layers.average_pooling2d import AveragePooling2D
from ..layers.base import Array, Layer
from ..layers.batch_normalization import BatchNormalization
from ..layers.conv2d import Conv2D
from ..layers.max_pooling2d import MaxPooling2D
from ..layers.pooling import Pooling
from ..layers.relu import ReLU
from ..windows import axis_padding, output_size
from .chain import Link
from .folding import fold_normalization
from .pointwise import InPlace, activation_in_place, full
from .products import Product
from .steps import FLOAT32, FusedStep, Kernel

if TYPE_CHECKING:
    from ..models.graph import Model

# Bytes of the matrix of one band: it and its product stay in the second-level cache of one core. Kernels of many
# terms get this many rows all the same, because each product reads the whole kernel.
BAND_BYTES, BAND_ROWS = 2**19, 256

# Activations f with f(max(z)) = max(f(z)) to the last bit.
BEHIND_MAXIMUM = (activations.linear, activations.relu)


def fuse_convolution(model: "Model", number: int, links: Sequence[Link]) -> FusedStep | None:
    """Conv2D [BatchNormalization] [activation layer] [2-D pooling whose windows do not overlap]."""
    first = links[0].layer
    if not isinstance(first, Conv2D) or type(first).forward is not Conv2D.forward:
        return None
    if first.data_format != "channels_last" or first.groups != 1:
        return None
    taken, activate = 1, first.activate
    rest = [link.layer for link in links[1:4]]
    if rest and activate is activations.linear and _normalizes_channels(rest[0]):
        taken += 1
        rest = rest[1:]
    if rest and activate is activations.linear and _activation(rest[0]) is not None:
        taken += 1
        rest = rest[1:]
    if rest and isinstance(rest[0], MaxPooling2D | AveragePooling2D) and _apart(rest[0]):
        taken += 1
    return ConvolutionStep(model, number, links[:taken])


def _normalizes_channels(layer: Layer) -> bool:
    return isinstance(layer, BatchNormalization) and layer.axis in (-1, 3)


def _activation(layer: Layer) -> activations.Activation | None:
    """The function of an activation layer, None for other layers."""
    if isinstance(layer, Activation):
        return layer.activate
    if isinstance(layer, ReLU):
        plain = (layer.max_value, layer.negative_slope, layer.threshold) == (None, 0, 0)
        return activations.relu if plain else layer.apply
    return None


def _apart(pool: Pooling) -> bool:
    """Whether each position is in one window at most, and no window reaches into padding."""
    return pool.data_format == "channels_last" and pool.strides == pool.pool_size and pool.padding == "valid"


@dataclass(frozen=True)
class Geometry:
    """Sizes along height and width.

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
    def of(cls, conv: Conv2D, pool: Pooling | None, shape: tuple[int, ...]) -> "Geometry":
        """The geometry for input of that shape.

        Raises:
            InputError: the layers do not take it.
        """
        conv_shape = conv.output_shape(shape)
        size, pool_size = shape[1:3], (1, 1) if pool is None else pool.pool_size
        if pool is not None:
            pool.output_shape(conv_shape)
        axes = list(zip(size, conv.kernel_size, conv.strides, conv.dilation_rate, strict=True))
        padding = tuple(axis_padding(*axis, conv.padding) for axis in axes)
        found = [output_size(*axis, conv.padding) // p for axis, p in zip(axes, pool_size, strict=True)]
        return cls(size, conv.kernel_size, conv.strides, conv.dilation_rate, padding, pool_size, tuple(found))


class ConvolutionStep(FusedStep):
    """pool(activation(x ∗ kernel + bias)) band by band."""

    tile = 16

    def bind(self, shape: tuple[int, ...]) -> Kernel:
        """The kernel for x (batch, height, width, channels)."""
        conv, *rest = self.layers
        assert isinstance(conv, Conv2D)  # by the rule; for the type checker
        pool = rest[-1] if rest and isinstance(rest[-1], Pooling) else None
        kernel, bias = np.asarray(conv.weights), conv.biases
        activate = conv.activate
        for layer in rest if pool is None else rest[:-1]:
            if isinstance(layer, BatchNormalization):
                kernel, bias = fold_normalization(layer, kernel, bias)
            else:
                activate = _activation(layer) or activations.linear
        geometry = Geometry.of(conv, pool, shape)
        return _bind(geometry, shape, kernel, bias, activate, isinstance(pool, AveragePooling2D))


def _bind(
    geometry: Geometry,
    shape: tuple[int, ...],
    kernel: Array,
    bias: Array | None,
    activate: activations.Activation,
    average: bool,
) -> Kernel:
    """The kernel: one padded input, one output, and what to do for each band."""
    (top, bottom), (left, right) = geometry.padding
    batch, height, width, channels = shape
    padded = np.zeros((batch, height + top + bottom, width + left + right, channels), FLOAT32)
    inside = padded[:, top : top + height, left : left + width]
    out = np.empty((batch, *geometry.out, kernel.shape[-1]), FLOAT32)
    windows = _windows(padded, geometry)
    bands = _Bands(geometry, kernel, bias, activate, average)
    jobs = [bands.job(windows[..., images, rows, :, :, :], out[images, rows]) for images, rows in bands.cut(out)]

    def run(x: Array) -> Array:
        np.copyto(inside, x, casting="unsafe")
        for job in jobs:
            job()
        return out

    return run


def _windows(padded: Array, geometry: Geometry) -> Array:
    """What the windows see, without copying: (*pool, image, *out, kernel_height, kernel_width) of pixels.

    Where the pixels of a kernel row lie side by side, they are one item, and kernel_width is 1.
    """
    image, row, column, item = padded.strides
    channels = padded.shape[-1]
    steps = [
        (s * p * stride, s * stride, d * stride)
        for s, p, d, stride in zip(geometry.strides, geometry.pool, geometry.dilation, (row, column), strict=True)
    ]
    (down, pool_down, tap_down), (across, pool_across, tap_across) = steps
    tap_height, tap_width = geometry.kernel
    joined = tap_width if geometry.dilation[1] == 1 else 1
    shape = (*geometry.pool, len(padded), *geometry.out, tap_height, tap_width // joined)
    strides = (pool_down, pool_across, image, down, across, tap_down, tap_across)
    # A void array is built from the buffer, because the last axis of `padded` is narrower than the item.
    source = np.ndarray((1,), _pixels(joined * channels * item), padded.data)
    view: Array = as_strided(source, shape, strides)
    return view


def _pixels(size: int) -> np.dtype[Any]:
    return np.dtype((np.void, size))


class _Bands:
    """Cuts the output into bands that fit the cache, and makes the jobs that compute them.

    Bands of the same size share the matrix and the product.
    """

    def __init__(
        self,
        geometry: Geometry,
        kernel: Array,
        bias: Array | None,
        activate: activations.Activation,
        average: bool,
    ) -> None:
        self._geometry, self._bias, self._activate = geometry, bias, activate
        self._average = average
        self._kernel = kernel.reshape(-1, kernel.shape[-1])
        self._pooled = geometry.pool[0] * geometry.pool[1]
        self._shared: dict[int, tuple[Product, Callable[[Array], None]]] = {}

    def cut(self, out: Array) -> list[tuple[slice, slice]]:
        """Images and output rows of each band."""
        batch, height, width, _ = out.shape
        matrix_rows = max(BAND_BYTES // (len(self._kernel) * FLOAT32.itemsize), BAND_ROWS)
        rows = max(1, matrix_rows // (self._pooled * width))
        images = max(1, rows // height)
        return [
            (slice(image, min(image + images, batch)), slice(row, min(row + rows, height)))
            for image, row in product(range(0, batch, images), range(0, height, min(rows, height)))
        ]

    def job(self, windows: Array, out: Array) -> Callable[[], None]:
        """Compute one band: from its windows to its place in the output."""
        positions = out.shape[0] * out.shape[1] * out.shape[2]
        if positions not in self._shared:
            self._shared[positions] = self._product(positions, out.shape[-1])
        matrix, finish = self._shared[positions]
        rows = matrix.inputs.view(windows.dtype).reshape(windows.shape)
        target = out.reshape(positions, -1) if out.flags.c_contiguous else None

        def run() -> None:
            np.copyto(rows, windows)
            matrix.run()
            finish(target if target is not None else scratch)
            if target is None:
                out[...] = scratch.reshape(out.shape)

        scratch = np.empty((positions, out.shape[-1]), FLOAT32) if target is None else np.empty((0, 0), FLOAT32)
        return run

    def _product(self, positions: int, filters: int) -> tuple[Product, Callable[[Array], None]]:
        """The product for a band of so many output positions, and what is done with its result."""
        matrix = Product(self._pooled * positions, self._kernel)
        blocks = list(matrix.outputs.reshape(self._pooled, positions, filters))
        late = not self._average and self._activate in BEHIND_MAXIMUM
        shape = blocks[0].shape if late else matrix.outputs.shape
        bias = None if self._bias is None else full(shape, self._bias)
        activate = activation_in_place(self._activate, shape)
        pool = _average if self._average else _maximum

        def pool_first(out: Array) -> None:
            _maximum(blocks, out)
            _add(out, bias, activate)

        def pool_last(out: Array) -> None:
            _add(matrix.outputs, bias, activate)
            pool(blocks, out)

        return matrix, pool_first if late else pool_last


def _add(z: Array, bias: Array | None, activate: InPlace | None) -> None:
    """Bias and activation in place."""
    if bias is not None:
        np.add(z, bias, out=z)
    if activate is not None:
        activate(z)


def _maximum(blocks: Sequence[Array], out: Array) -> None:
    """The elementwise maximum of all blocks."""
    first, *rest = blocks
    if not rest:
        np.copyto(out, first)
    for block in rest:
        np.maximum(first, block, out=out)
        first = out


def _average(blocks: Sequence[Array], out: Array) -> None:
    """The elementwise mean of all blocks."""
    first, *rest = blocks
    for block in rest:
        np.add(first, block, out=out)
        first = out
    np.divide(first, FLOAT32.type(len(blocks)), out=out)
