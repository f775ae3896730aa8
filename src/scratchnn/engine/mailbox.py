"""Arrays from one process to another: they lie in shared memory, and a short letter says where."""

import pickle
from collections.abc import Sequence
from itertools import accumulate
from multiprocessing.shared_memory import SharedMemory
from typing import NamedTuple

import numpy as np

from ..layers.base import Array

# Bytes of a cache line, on which arrays begin.
CACHE_LINE = 64


class Place(NamedTuple):
    """Where an array lies, and what it is; None for dtype and shape says that it is pickled there."""

    start: int
    size: int
    shape: tuple[int, ...] | None
    dtype: str | None


class Letter(NamedTuple):
    """What a receiver needs to know: the name of the shared memory, and the place of each array there.

    It is short whatever the arrays are, so that neither side waits for the other to read it.
    """

    block: str
    places: list[Place]


class Sender:
    """Writes arrays into a block of shared memory that it owns, and that grows as needed.

    A letter is good until the next one is written.
    """

    def __init__(self) -> None:
        self._block: SharedMemory | None = None

    def write(self, arrays: Sequence[Array]) -> Letter:
        """Copy the arrays into the block."""
        plain = [_pickled(array) if array.dtype.hasobject else array for array in arrays]
        starts = [0, *accumulate(-(-array.nbytes // CACHE_LINE) * CACHE_LINE for array in plain)]
        block, places = self._block_for(starts[-1]), list[Place]()
        for given, array, start in zip(arrays, plain, starts, strict=False):
            np.copyto(np.ndarray(array.shape, array.dtype, block.buf, start), array)
            what = (None, None) if given is not array else (array.shape, array.dtype.str)
            places.append(Place(start, array.nbytes, *what))
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
        memory = self._block.buf
        assert memory is not None  # it is open; for the type checker
        return [_read(memory, place) for place in letter.places]

    def close(self) -> None:
        """Let go of the memory."""
        if self._block is not None:
            self._block.close()
            self._block = None


def _pickled(array: Array) -> Array:
    """An array of Python objects as bytes."""
    return np.frombuffer(pickle.dumps(array), np.uint8)


def _read(memory: memoryview, place: Place) -> Array:
    if place.shape is None:
        array: Array = pickle.loads(memory[place.start : place.start + place.size])
        return array
    return np.ndarray(place.shape, place.dtype, memory, place.start).copy()
