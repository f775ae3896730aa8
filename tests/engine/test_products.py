"""The product in blocks: the same sums, whatever the blocks are."""

from unittest import mock

import numpy as np
import pytest

from scratchnn.engine import blas, products
from scratchnn.engine.products import CACHE_LINE, BlockedProduct, Product, aligned, product_of


@pytest.mark.parametrize(
    ("rows", "terms", "columns"),
    [
        (1, 27, 32),  # fewer rows than a piece
        (16, 27, 1),
        (100, 27, 16),  # rows that no piece divides
        (1000, 144, 32),  # several pieces
        (50, 9, 128),  # two blocks of columns
        (50, 9, 67),  # columns that no number of blocks divides
        (40, 1568, 64),  # terms in two parts
        (70, 1568, 128),  # all at once
        (20, 15013, 64),  # a prime number of terms, too many for one part
    ],
)
@pytest.mark.parametrize("kind", [Product, BlockedProduct])
def test_integers_are_exact(kind: type[Product], rows: int, terms: int, columns: int) -> None:
    rng = np.random.default_rng(0)
    x, kernel = rng.integers(-3, 4, (rows, terms)), rng.integers(-3, 4, (terms, columns))
    product = kind(rows, kernel)
    for factor in (1, -2):  # a second call leaves nothing of the first
        product.inputs[...] = factor * x
        product.run()
        assert np.array_equal(product.outputs, factor * x @ kernel)
        product.of(np.asarray(2 * factor * x, np.float32))
        assert np.array_equal(product.outputs, 2 * factor * x @ kernel)


@pytest.mark.parametrize(("small", "kind"), [(True, BlockedProduct), (False, Product)])
def test_blocks_are_for_processors_with_kernels_for_small_matrices(small: bool, kind: type[Product]) -> None:
    with mock.patch.object(products, "has_small_matrix_kernels", return_value=small):
        assert type(product_of(20, np.ones((3, 4)))) is kind
        assert type(product_of(15, np.ones((3, 4)))) is Product


def test_the_processor_is_asked_where_numpy_has_its_own_openblas() -> None:
    assert isinstance(blas.has_small_matrix_kernels(), bool)
    if blas._library() is not None:
        assert blas.kernels()


def test_buffers_begin_on_a_cache_line() -> None:
    for size in (1, 7, 100, 1000):
        assert aligned((size, 3)).ctypes.data % CACHE_LINE == 0
