"""One thread for each matrix product, while a plan runs on threads of its own.

OpenBLAS starts threads inside a product of medium size. Two of ours that do so at once wait for each other, which
costs more than the product on a busy machine, so a plan asks OpenBLAS for one thread, and gives back what there
was when the last plan ends. NumPy has no function for it: the one of the library that its wheels carry is called
by name. With another BLAS nothing happens, and its own setting rules (OMP_NUM_THREADS and the like).
"""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

_lock = threading.Lock()
_users = 0
_before = 1


@cache
def _library() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """The functions that get and set OpenBLAS's number of threads, if NumPy came with an OpenBLAS."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            try:
                library = ctypes.CDLL(str(path))
            except OSError:
                continue
            for suffix in ("64_", ""):
                names = [f"scipy_openblas_{verb}_num_threads{suffix}" for verb in ("get", "set")]
                if all(hasattr(library, name) for name in names):
                    return getattr(library, names[0]), getattr(library, names[1])
    return None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Matrix products of this process run on one thread each, until the last of those who asked for it leaves."""
    global _users, _before
    library = _library()
    if library is None:
        yield
        return
    get, put = library
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
