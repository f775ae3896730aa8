"""Keras's model files, read with zipfile, json and h5py alone: each reader gives a ModelSpec.

Nothing in a file is ever run: configs are data, arrays are numbers, and whatever else a file holds is refused.
"""

from collections.abc import Sequence
from pathlib import Path

from ..errors import ModelFileError
from ..spec import LayerSpec, ModelSpec, Weight
from . import archive, hdf5
from .live import layer_spec_from_keras, spec_from_keras
from .modern import modern_config

__all__ = [
    "layer_spec_from_keras",
    "modern_config",
    "read_layer_weights",
    "read_model",
    "read_weights",
    "spec_from_keras",
]


def read_model(path: Path) -> ModelSpec:
    """The model in a .keras or .h5 file, told apart by content, not by name.

    Raises:
        ModelFileError: no such file, neither of the two formats, damaged, or without a model's config.
        UnsupportedError: a kind of model that scratchnn does not read.
        ConfigError, WeightError: what it says is not what Keras writes.
    """
    return archive.read_model(path) if _kind(path) == "zip" else hdf5.read_model(path)


def read_weights(path: Path, model: ModelSpec) -> ModelSpec:
    """The model with the arrays of any file of Keras that has weights.

    Args:
        path: a .weights.h5, .h5 or .keras file.
        model: the architecture; where the file lists layers by order, those that have arrays now count.

    Raises:
        ModelFileError: no such file, or no weights of Keras in it.
        WeightError: weights of other layers.
    """
    return archive.read_weights(path, model) if _kind(path) == "zip" else hdf5.read_weights(path, model)


def read_layer_weights(path: Path, layers: Sequence[LayerSpec]) -> list[tuple[Weight, ...]]:
    """The arrays for layers of a known architecture, from any file of Keras that has weights.

    Args:
        path: a .weights.h5, .h5 or .keras file.
        layers: those that have weights, in order; of each, class and config count.

    Returns:
        One tuple of arrays for each layer, in the order of Keras's `layer.weights`.

    Raises:
        ModelFileError: no such file, or no weights of Keras in it.
        WeightError: another number of layers with weights.
    """
    if _kind(path) == "zip":
        return archive.read_layer_weights(path, layers)
    return hdf5.read_layer_weights(path, layers)


def _kind(path: Path) -> str:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # a pipe could be waited for, for ever
            raise ModelFileError(f"{path}: expected a file, got a pipe or a device")
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a null byte in the path
        raise ModelFileError(f"{str(path)!r}: cannot be read: {error}") from error
    if start[:4] == b"PK\x03\x04":
        return "zip"
    if start == b"\x89HDF\r\n\x1a\n":
        return "hdf5"
    raise ModelFileError(f"{path}: expected a .keras (zip) or .h5 (HDF5) file, got content that starts {start!r}")
