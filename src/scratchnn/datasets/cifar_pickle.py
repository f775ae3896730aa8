"""Read the Python 2 pickles of CIFAR-10 without letting them run anything.

A pickle may name any callable of any module and have it called. The official batches need three
names only, all of NumPy, to describe one array of bytes. Here even those three never reach NumPy:
they are replaced by the small classes below, which accept one description - a C-ordered uint8
array - and build it with `numpy.frombuffer`. Every other name is refused.
"""

from __future__ import annotations

import io
import pickle
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError

# NumPy renamed `core` to `_core` in version 2, and pickles carry the name of their writer's time.
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_ARRAY_STATE_VERSION = 1


class _ByteDtype:
    """Stands for `numpy.dtype` in a pickle, and is the dtype uint8 or an error."""

    def __init__(self, code: Any, *_alignment: Any) -> None:
        if code not in ("u1", b"u1"):
            raise pickle.UnpicklingError(f"arrays of dtype 'u1' are expected, received {code!r}")

    def __setstate__(self, state: Any) -> None:
        """Ignore the state: uint8 has neither byte order, fields nor metadata."""


class _ByteArray:
    """Stands for `numpy.ndarray` in a pickle; holds a uint8 array once its state came."""

    array: np.ndarray

    def __setstate__(self, state: Any) -> None:
        """Take (version, shape, dtype, Fortran order, bytes) as NumPy writes it, nothing else."""
        match state:
            case (int(), tuple(shape), _ByteDtype(), False | 0, bytes(raw)) if state[0] == _ARRAY_STATE_VERSION:
                pass
            case _:
                raise pickle.UnpicklingError("an array's state is not that of a C-ordered uint8 array")
        if not all(isinstance(size, int) and size >= 0 for size in shape) or prod(shape) != len(raw):
            raise pickle.UnpicklingError(f"an array of shape {shape} cannot have {len(raw)} bytes")
        self.array = np.frombuffer(raw, dtype=np.uint8).reshape(shape)


def _reconstruct(subtype: Any, _shape: Any, _typecode: Any) -> _ByteArray:
    if subtype is not _ByteArray:
        raise pickle.UnpicklingError(f"a numpy.ndarray is expected, received {subtype!r}")
    return _ByteArray()


_ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _ByteArray,
    ("numpy", "dtype"): _ByteDtype,
    **{(module, "_reconstruct"): _reconstruct for module in _ARRAY_MODULES},
}


class _CifarUnpickler(pickle.Unpickler):
    """Admits containers, numbers, strings and uint8 arrays."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in of one of NumPy's three names; refuse every other name."""
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the name {module}.{name} is refused; only uint8 arrays and plain containers are admitted"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        """Refuse references to objects outside the pickle."""
        raise pickle.UnpicklingError(f"an outside reference ({pid!r}) is refused")


def load_cifar_pickle(path: Path) -> dict[bytes, Any]:
    """Return the dictionary of one CIFAR-10 file, its arrays as uint8.

    Returns:
        For a batch: b"data" (images, 3072) uint8, b"labels" list of int, and what else it holds.

    Raises:
        DataError: the file cannot be read, is no pickle, or names anything but uint8 arrays.
    """
    try:
        loaded = _CifarUnpickler(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # a damaged pickle may raise nearly anything
        raise DataError(f"{path}: expected a CIFAR-10 batch, received a file that is none: {error}") from error
    if not isinstance(loaded, dict):
        raise DataError(f"{path}: expected a dictionary, received {type(loaded).__name__}")
    return {key: value.array if isinstance(value, _ByteArray) else value for key, value in loaded.items()}
