"""Arrays from one process to another: they lie in shared memory, and a short letter says where."""

from collections.abc import Sequence
from multiprocessing.shared_memory import SharedMemory
from typing import Any, NamedTuple

import numpy as np

from ..layers.base import Array

# Bytes of a cache line, on which arrays begin.
CACHE_LINE = 64


class Letter(NamedTuple):
    """What a receiver needs to know.

    Attributes:
        block: name of the shared memory, or None where nothing lies there.
        arrays: for each array its shape, its dtype and where it begins; or itself, if it holds Python objects.
    """

    block: str | None
    arrays: list[Any]


class Sender:
    """Writes arrays into a block of shared memory that it owns, and that grows as needed.

    A letter is good until the next one is written.
    """

    def __init__(self) -> None:
        self._block: SharedMemory | None = None

    def write(self, arrays: Sequence[Array]) -> Letter:
        """Copy the arrays into the block."""
        plain = [array for array in arrays if not array.dtype.hasobject]
        block = self._block_for(sum(_span(array) for array in plain))
        places, start = list[Any](), 0
        for array in arrays:
            if array.dtype.hasobject:
                places.append(array)
                continue
            np.copyto(_view(block, array.shape, array.dtype, start), array)
            places.append((array.shape, array.dtype.str, start))
            start += _span(array)
        return Letter(block.name, places)

    def close(self) -> None:
        """Give the memory back."""
        if self._block is not None:
            self._block.close()
            self._block.unlink()
            self._block = None

    def _block_for(self, size: int) -> SharedMemory:
        if self._block is None or self._block.size < size:
            self.close()
            self._block = SharedMemory(create=True, size=max(size, CACHE_LINE))
        return self._block


class Receiver:
    """Reads what a `Sender` of another process wrote."""

    def __init__(self) -> None:
        self._block: SharedMemory | None = None

    def read(self, letter: Letter) -> list[Array]:
        """Copies of the arrays."""
        if self._block is None or self._block.name != letter.block:
            self.close()
            self._block = SharedMemory(letter.block)
        block = self._block
        return [place if isinstance(place, np.ndarray) else _view(block, *place).copy() for place in letter.arrays]

    def close(self) -> None:
        """Let go of the memory."""
        if self._block is not None:
            self._block.close()
            self._block = None


def _span(array: Array) -> int:
    """Bytes that an array takes, up to where the next one may begin."""
    return -(-array.nbytes // CACHE_LINE) * CACHE_LINE


def _view(block: SharedMemory, shape: tuple[int, ...], dtype: Any, start: int) -> Array:
    return np.ndarray(shape, dtype, block.buf, start)
