"""Reading and writing files of arrays so that a fault names the file and nothing half-written is left."""

import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from .errors import InputError

Array = NDArray[Any]


def load_inputs(path: Path) -> Array | dict[str, Array]:
    """The array of a .npy file, mapped, not read, or those of a .npz file by name; no pickled objects.

    Raises:
        InputError: no such file, or neither of the two.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) == b"PK":
                file.seek(0)
                arrays = dict(np.load(file, allow_pickle=False))
                if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                    raise ValueError("got an archive of something else")
                return arrays
        return open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: expected a .npy file with one array, or a .npz file with one for each input: {error}"
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place at the end, if nothing went wrong.

    Raises:
        InputError: the folder is missing or cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp's files are private; what we leave should be as usual
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
