"""Matrix products in pieces that stay small, where that is faster.

OpenBLAS has kernels that multiply small matrices, M·N·K up to 10⁶, as they lie, without packing panels first (on
processors with AVX-512). `np.matmul` over a stack of such pieces is one call. Where a piece would have few rows,
as with many channels or large kernels, packing pays, and the product stays whole.
"""

import numpy as np

from ..layers.base import Array
from .steps import FLOAT32

# The limit of OpenBLAS's small-matrix path.
SMALL = 10**6

# Rows below which a piece is too flat: each reads the whole kernel again.
FLAT = 48


class Product:
    """rows · kernel for a fixed number of rows, between two buffers that the caller fills and reads.

    Args:
        rows: number of rows.
        kernel: (terms, columns).

    Attributes:
        inputs: (rows, terms), to be filled.
        outputs: (rows, columns), what `run` fills.
    """

    def __init__(self, rows: int, kernel: Array) -> None:
        terms, columns = kernel.shape
        limit = SMALL // (terms * columns)
        pieces = -(-rows // limit) if limit >= FLAT else 1
        height = -(-rows // pieces)  # pieces of one size; the last may reach beyond the rows
        self._inputs = np.zeros((pieces, height, terms), FLOAT32)
        self._outputs = np.empty((pieces, height, columns), FLOAT32)
        self._kernel = np.ascontiguousarray(kernel, FLOAT32)
        self.inputs = self._inputs.reshape(-1, terms)[:rows]
        self.outputs = self._outputs.reshape(-1, columns)[:rows]

    def run(self) -> None:
        """Multiply."""
        np.matmul(self._inputs, self._kernel, out=self._outputs)
