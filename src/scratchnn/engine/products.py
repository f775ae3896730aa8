"""Matrix products in pieces that stay small.

OpenBLAS has kernels that multiply small matrices, M·N·K up to 10⁶, as they lie, without packing panels first (on
processors with AVX-512). `np.matmul` over a stack of such pieces is one call.
"""

import numpy as np

from ..layers.base import Array
from .steps import FLOAT32

# The limit of OpenBLAS's small-matrix path.
SMALL = 10**6

# Rows below which a piece is so flat that the product gets slow; then the columns are split as well.
FLAT = 24


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
        parts = _column_parts(terms, columns)
        height = max(1, min(rows, SMALL // (terms * columns // parts)))
        pieces = -(-rows // height)
        height = -(-rows // pieces)  # pieces of one size; the last may reach beyond the rows
        inputs = np.zeros((pieces, 1, height, terms), FLOAT32)
        outputs = np.empty((pieces, height, parts, columns // parts), FLOAT32)
        self.inputs = inputs.reshape(-1, terms)[:rows]
        self.outputs = outputs.reshape(-1, columns)[:rows]
        # (1, parts, terms, columns / parts)
        kernel = np.ascontiguousarray(kernel.reshape(terms, parts, -1).swapaxes(0, 1)[None], FLOAT32)
        self._call = inputs, kernel, outputs.swapaxes(1, 2)

    def run(self) -> None:
        """Multiply."""
        inputs, kernel, outputs = self._call
        np.matmul(inputs, kernel, out=outputs)


def _column_parts(terms: int, columns: int) -> int:
    """Into how many equal parts the columns are cut, so that a piece has FLAT rows and 16 columns or more."""
    parts = 1
    while SMALL // (terms * columns // parts) < FLAT and columns % (2 * parts) == 0 and columns // parts >= 32:
        parts *= 2
    return parts
