"""What NumPy has no function for: the threads and the kernels of the OpenBLAS that its wheels carry.

The library's own functions are called by name. With another BLAS nothing happens: its own setting rules
(OMP_NUM_THREADS and the like), and products are made as they are written.
"""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_lock = threading.Lock()
_users = 0
_before = 1


# The kernels for which OpenBLAS has a path for small matrices that packs nothing.
SMALL_MATRIX_CORES = ("SkylakeX", "Cooperlake", "SapphireRapids")


@cache
def _library() -> ctypes.CDLL | None:
    """The OpenBLAS that NumPy came with, if it did."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            try:
                return ctypes.CDLL(str(path))
            except OSError:
                continue
    return None


def _function(name: str, result: type | None = None, *arguments: type) -> Callable[..., Any] | None:
    """A function of the library, under one of the two names that it may have there."""
    for suffix in ("64_", ""):
        found = getattr(_library(), f"scipy_openblas_{name}{suffix}", None)
        if found is not None:
            found.restype, found.argtypes = result, arguments
            return found
    return None


@cache
def kernels() -> str | None:
    """The kernels that OpenBLAS uses on this processor, by its own name for them; None with another BLAS."""
    name = _function("get_corename", ctypes.c_char_p)
    return None if name is None else str(name(), "ascii")


def has_small_matrix_kernels() -> bool:
    """Whether OpenBLAS multiplies small matrices on this processor as they lie, without packing panels first."""
    return kernels() in SMALL_MATRIX_CORES


@cache
def _thread_functions() -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
    """What gets and what sets the number of threads."""
    return _function("get_num_threads", ctypes.c_int), _function("set_num_threads", None, ctypes.c_int)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Matrix products of this process run on one thread each, until the last of those who asked for it leaves.

    OpenBLAS starts threads inside a product of medium size. Two of ours that do so at once wait for each other,
    which costs more than the product on a busy machine.
    """
    global _users, _before
    get, put = _thread_functions()
    if get is None or put is None:
        yield
        return
    with _lock:
        if _users == 0:
            _before = get()
            put(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                put(_before)
