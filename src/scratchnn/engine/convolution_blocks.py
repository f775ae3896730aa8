"""A block of convolution, normalization, activation and pooling as a list of prepared NumPy calls.

The convolution is one matrix product for each band of output rows: what the windows of the band see is copied into
the rows of a matrix ("im2col") that stays in the cache, and the product with the kernel gives all filters at once.

- The copy takes what one row of the kernel sees, kernel_width · channels floats that lie side by side, as a single
  item of a void dtype: NumPy then moves blocks instead of numbers.
- The bias is one more row of the kernel, and meets a column of ones. With a normalization it is added at the end.
- Where pooling follows, the windows are ordered by their place in the pool, (place, image, row, column), as
  `finishing` wants them.
- Buffers, views and bands are made once for a shape; what is left for a call is to copy, multiply and pool.

Large kernels or many channels, over several images, go through Fourier transforms instead: see `fourier`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product

import numpy as np

from .. import activations
from ..layers.average_pooling1d import AveragePooling1D
from ..layers.average_pooling2d import AveragePooling2D
from ..layers.base import Array
from ..layers.batch_normalization import BatchNormalization
from ..layers.convolution import Convolution
from ..layers.pooling import Pooling
from . import fourier
from .finishing import Call, Finish
from .folding import fold_normalization
from .fourier import Fourier, fourier_of
from .geometry import Geometry
from .products import Product, product_of
from .steps import FLOAT32
from .trust import Trust

# Bytes of the matrix of one band and its product: small enough for the cache, large enough for calls that are
# worth their price; with two threads that is several hundred microseconds, since each call hands over the
# interpreter's lock. Kernels of many terms get this many rows all the same, because each product reads the whole
# kernel.
BAND_BYTES, BAND_ROWS = 2**21, 256

# Bytes of an item that is copied so fast that the loop around it counts.
SMALL_ITEM = 64

# The terms of a product with a bias are a multiple of this, so that they can be parted (see `products`).
PARTED = 4


@dataclass(frozen=True)
class Block:
    """Layers that become one block.

    Attributes:
        conv: the convolution.
        activate: the activation, the convolution's own or that of a layer behind it.
        layers: how many layers the block takes.
        normalization: between the two, or None.
        pool: at the end, or None.
        transforms: that were made, by the size of the images; None where the plain way is better.
    """

    conv: Convolution
    activate: activations.Activation
    layers: int
    normalization: BatchNormalization | None = None
    pool: Pooling | None = None
    transforms: dict[tuple[int, ...], Fourier | None] = field(default_factory=dict, compare=False, repr=False)

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
        transform = self.transform(shape) if shape[0] >= fourier.LEAST_IMAGES else None
        if transform is None:
            return self._unfold(shape, target)
        x, y, calls = transform.bind(shape[0])
        down, across = self._geometry(shape).pool
        places = [inside_out(y[i::down, j::across]) for i, j in product(range(down), range(across))]
        calls += self._finish(self._weights(shape)[1]).calls(places, target)
        return inside_out(x), [_Transformed(transform.trust, x, calls, self._one_by_one(shape, target))]

    def transform(self, shape: tuple[int, ...]) -> Fourier | None:
        """The transforms for images of this shape; None where the plain way is better.

        Raises:
            InputError: the layers do not take such input.
        """
        size = shape[1:]
        if size not in self.transforms:
            geometry, (kernel, _) = self._geometry(shape), self._weights(shape)
            plain = self.conv.rank != 2 or self.conv.groups != 1
            self.transforms[size] = None if plain else fourier_of(geometry, kernel)
        return self.transforms[size]

    def _one_by_one(self, shape: tuple[int, ...], target: Array) -> Callable[[Array, int], None]:
        """Runs one image of the batch the plain way, into its place in `target`."""
        prepared = list[tuple[Array, Array, list[Call]]]()  # at the first image that needs it

        def run(image: Array, place: int) -> None:
            if not prepared:
                out = np.empty((1, *target.shape[1:]), FLOAT32)
                prepared.append((out, *self._unfold((1, *shape[1:]), out)))
            out, inside, calls = prepared[0]
            np.copyto(inside[0], image)
            for call in calls:
                call()
            np.copyto(target[place], out[0])

        return run

    def _unfold(self, shape: tuple[int, ...], target: Array) -> tuple[Array, list[Call]]:
        """`prepare` the plain way."""
        geometry, (kernel, bias) = self._geometry(shape), self._weights(shape)
        # A shift that is folded in may be far above the sum of products, and an early term of a sum is rounded
        # with each that follows: the normalization, for which it is the last addition, has no room for that.
        early, last = (bias, None) if self.normalization is None else (None, bias)
        padded, inside = geometry.padded(shape[0], shape[-1])
        out = target.reshape(shape[0], *geometry.out, -1)
        calls: list[Call] = []
        for inputs, filters in _groups(self.conv.groups, shape[-1], out.shape[-1]):
            windows = geometry.windows(padded[..., inputs])
            finish = self._finish(None if last is None else last[filters])
            bands = _Bands(finish, geometry, kernel[..., filters], None if early is None else early[filters])
            for images, rows in bands.cut(shape[0]):
                calls += bands.calls(windows[..., images, rows, :, :, :], out[images, rows, :, filters])
        return inside.reshape(shape), calls

    def _geometry(self, shape: tuple[int, ...]) -> Geometry:
        return Geometry.of(self.conv, self.pool, shape)

    def _finish(self, bias: Array | None) -> Finish:
        return Finish(self.activate, bias, isinstance(self.pool, AveragePooling1D | AveragePooling2D))

    def _weights(self, shape: tuple[int, ...]) -> tuple[Array, Array | None]:
        """Kernel (height, width, channels, filters) and bias with all folded in that can be."""
        geometry = self._geometry(shape)
        kernel, bias = np.asarray(self.conv.weights), self.conv.biases
        if self.normalization is not None:
            kernel, bias = fold_normalization(self.normalization, kernel, bias)
        finish = self._finish(bias)
        if finish.average and finish.homogeneous:
            share = math.prod(geometry.pool)
            kernel, bias = kernel / share, None if bias is None else bias / share
        return kernel.reshape(*geometry.kernel, *kernel.shape[-2:]), bias


class _Transformed:
    """A block by transforms, for the images that may go this way; the others one by one.

    Args:
        trust: the test.
        x: (height, width, images, channels), the input.
        calls: what runs all images through.
        plain: runs an image (height, width, channels) the plain way, into its place in the output.
    """

    def __init__(self, trust: Trust, x: Array, calls: Sequence[Call], plain: Callable[[Array, int], None]) -> None:
        self._trust, self._x, self._calls, self._plain = trust, x, calls, plain

    def __call__(self) -> None:
        """Fill the output."""
        passed = self._trust.images(self._x)
        if passed.any():
            for call in self._calls:
                call()
        for place in np.flatnonzero(~passed):
            self._plain(self._x[:, :, place], int(place))


def inside_out(array: Array) -> Array:
    """(height, width, images, channels) as (images, height, width, channels), without copying."""
    return array.transpose(2, 0, 1, 3)


def _groups(groups: int, channels: int, filters: int) -> Iterator[tuple[slice, slice]]:
    """The input channels and the filters of each group."""
    each, made = channels // groups, filters // groups
    for group in range(groups):
        yield slice(group * each, (group + 1) * each), slice(group * made, (group + 1) * made)


class _Bands:
    """Cuts the output into bands that fit the cache, and prepares the calls that compute them.

    Bands of the same size share the matrix and its product.

    Args:
        finish: what comes after the product.
        geometry: of the block.
        kernel: (height, width, channels, filters).
        bias: (filters,), or None.
    """

    def __init__(self, finish: Finish, geometry: Geometry, kernel: Array, bias: Array | None) -> None:
        self._finish, self._geometry, self._terms = finish, geometry, math.prod(kernel.shape[:-1])
        self._kernel = _with_bias(kernel.reshape(self._terms, -1), bias)
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
            self._products[rows].inputs[:, self._terms : self._terms + 1] = 1  # for the bias, if there is one
        matrix = self._products[rows]
        unfolded = matrix.inputs[:, : self._terms].view(windows.dtype).reshape(windows.shape)
        places = matrix.outputs.reshape(self._places, *out.shape)
        return [*_copies(unfolded, windows), matrix.run, *self._finish.calls(list(places), out)]


def _copies(unfolded: Array, windows: Array) -> list[Call]:
    """Copy what the windows see; small items one row of the kernel at a time.

    NumPy's innermost loop goes over what lies closest in the matrix, the few rows of a kernel. Row by row it goes
    over the columns of the image, which takes two thirds of the time for the three channels of a first layer.
    """
    if windows.dtype.itemsize > SMALL_ITEM:
        return [partial(np.copyto, unfolded, windows)]
    return [partial(np.copyto, unfolded[..., row, :], windows[..., row, :]) for row in range(windows.shape[-2])]


def _with_bias(kernel: Array, bias: Array | None) -> Array:
    """The kernel (terms, filters) with the bias as one more row, and rows of zeros, for the terms to be parted."""
    if bias is None:
        return kernel
    spare = np.zeros((-(len(kernel) + 1) % PARTED, kernel.shape[1]), FLOAT32)
    return np.concatenate([kernel, bias[None], spare])
