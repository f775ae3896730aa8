"""Matrix products between two buffers, as the processor's BLAS is fastest with.

A product is one call of `np.matmul`. Where OpenBLAS has kernels for small matrices (see `blas`), it is a product
of stacks of blocks: products with M·N·K up to 10⁶ are then multiplied as they lie, without packing panels first.
They are fastest where the block of the kernel starts at a multiple of 64 bytes, is at most 64 columns wide, and
meets a multiple of 16 rows: 1.2 to 1.7 times the rate of one large product. On other processors the same blocks
take twice the time of one product. Terms that are too many for one block are parted too, and the partial products
added.
"""

from functools import cached_property

import numpy as np

from ..layers.base import Array
from .blas import has_small_matrix_kernels
from .steps import FLOAT32

# The limit of OpenBLAS's small-matrix path, and the shapes of blocks that it is fastest with.
SMALL, COLUMNS, ROWS = 10**6, 64, 16

# Parts of the terms, at most: the partial products are added one by one.
PARTS = 32

# Bytes of a cache line, on which blocks of the kernel begin.
CACHE_LINE = 64


class Product:
    """rows · kernel for a fixed number of rows, which the caller puts into a buffer or has elsewhere.

    Args:
        rows: number of rows.
        kernel: (terms, columns).

    Attributes:
        outputs: (rows, columns), what `run` and `of` fill.
    """

    def __init__(self, rows: int, kernel: Array) -> None:
        self.outputs = aligned((rows, kernel.shape[1]))
        self._kernel = aligned(kernel.shape)
        self._kernel[...] = kernel

    @cached_property
    def inputs(self) -> Array:
        """(rows, terms), to be filled for `run`."""
        return aligned((len(self.outputs), len(self._kernel)))

    def run(self) -> None:
        """Multiply `inputs`."""
        self.of(self.inputs)

    def of(self, x: Array) -> None:
        """Multiply x (rows, terms)."""
        np.matmul(x, self._kernel, out=self.outputs)


class BlockedProduct(Product):
    """The same in blocks."""

    def __init__(self, rows: int, kernel: Array) -> None:
        self._terms, columns = kernel.shape
        wide, self._parts, self._height = _blocks(rows, self._terms, columns)
        self._pieces = -(-rows // self._height)  # the last may reach beyond the rows
        self._total = aligned((self._pieces * self._height, columns))
        several = (self._parts, *self._total.shape)
        self._partial = aligned(several) if self._parts > 1 else self._total[None]
        # All stacks as (block of columns, part of the terms, piece of the rows): a block of the kernel is used for
        # all rows while it is in the cache.
        blocks = aligned((wide, self._parts, self._terms // self._parts, columns // wide))
        blocks[...] = kernel.reshape(self._parts, -1, wide, columns // wide).transpose(2, 0, 1, 3)
        self._kernel = blocks[:, :, None]
        outputs = self._partial.reshape(self._parts, self._pieces, self._height, wide, -1)
        self._outputs = outputs.transpose(3, 0, 1, 2, 4)
        self.outputs = self._total[:rows]

    @cached_property
    def _whole(self) -> Array:
        """The inputs, and zeros for what the last piece has beyond them."""
        return np.zeros((len(self._total), self._terms), FLOAT32)

    @cached_property
    def _stacked(self) -> Array:
        return self._stack(self._whole)

    @cached_property
    def inputs(self) -> Array:
        """(rows, terms), to be filled for `run`."""
        return self._whole[: len(self.outputs)]

    def run(self) -> None:
        """Multiply `inputs`."""
        self._multiply(self._stacked)

    def of(self, x: Array) -> None:
        """Multiply x (rows, terms); it is copied where its rows are no whole pieces."""
        if len(x) == len(self._total):
            self._multiply(self._stack(x))
        else:
            np.copyto(self.inputs, x)
            self.run()

    def _stack(self, x: Array) -> Array:
        """(part of the terms, piece, rows, terms) of all rows."""
        return x.reshape(self._pieces, self._height, self._parts, -1).transpose(2, 0, 1, 3)

    def _multiply(self, stacked: Array) -> None:
        np.matmul(stacked, self._kernel, out=self._outputs)
        if self._parts > 1:
            np.add.reduce(self._partial, axis=0, out=self._total)


def product_of(rows: int, kernel: Array) -> Product:
    """The product that is fastest here."""
    return (BlockedProduct if rows >= ROWS and has_small_matrix_kernels() else Product)(rows, kernel)


def _blocks(rows: int, terms: int, columns: int) -> tuple[int, int, int]:
    """Blocks of columns, parts of the terms, and rows of a piece; one of each where no block is small."""
    wide = -(-columns // COLUMNS)
    wide = wide if columns % wide == 0 else 1
    parts = _parts(terms, columns // wide)
    if parts == 0 or rows < ROWS:
        return 1, 1, rows
    return wide, parts, _height(rows, SMALL // (terms // parts * (columns // wide)))


def _parts(terms: int, width: int) -> int:
    """Parts of the terms with which a block of so many columns and ROWS rows is small; 0 if there are none."""
    least = -(-terms * width * ROWS // SMALL)
    return next((parts for parts in range(least, PARTS + 1) if terms % parts == 0), 0)


def _height(rows: int, limit: int) -> int:
    """Rows of a piece, a multiple of ROWS up to the limit: as few as can be beyond the rows, then the largest."""
    heights = range(ROWS, min(limit, rows + ROWS - 1) + 1, ROWS)
    return min(reversed(heights), key=lambda height: -rows % height)


def aligned(shape: tuple[int, ...]) -> Array:
    """Zeros, float32, that begin on a cache line."""
    spare = CACHE_LINE // FLOAT32.itemsize
    size = int(np.prod(shape))
    buffer = np.zeros(size + spare, FLOAT32)
    start = -buffer.ctypes.data % CACHE_LINE // FLOAT32.itemsize
    return buffer[start : start + size].reshape(shape)
