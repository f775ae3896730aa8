"""HDF5 files of Keras: the .h5 with config and weights, and weights alone in both layouts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..errors import ModelFileError, WeightError
from ..spec import ModelSpec, Weight
from .config import Stored, model_spec, parse_json
from .tree import read_array, tree_weights


def read_model(path: Path) -> ModelSpec:
    """The model of a full .h5 file.

    Raises:
        ModelFileError: damaged, or weights without a config.
        UnsupportedError, ConfigError, WeightError: what it says is not what scratchnn reads.
    """
    with _open(path) as root:
        if "model_config" not in root.attrs:
            raise ModelFileError(
                f"{path}: expected a model with its config (attribute model_config), got weights alone; "
                "load them into a model with Model.load_weights"
            )
        config = parse_json(_text(root.attrs["model_config"]), path, "model_config")
        version = _text(root.attrs.get("keras_version", "1"))

        def stored(layers: list[tuple[str, str]]) -> list[Stored]:
            saved = named_weights(root.get("model_weights"), str(path))
            known = {name for _, name in layers}
            unknown = [name for name, arrays in saved.items() if arrays and name not in known]
            if unknown:
                raise WeightError(f"{path}: weights for layers that the model has not: {', '.join(unknown)}")
            return [(saved.get(name, ()), {}) for _, name in layers]

        return model_spec(config, version, stored)


def read_layer_weights(path: Path, layers: list[tuple[str, str]]) -> list[tuple[Weight, ...]]:
    """The arrays for layers (class, name) of a known architecture.

    Keras 3's .weights.h5 names groups by class; the older layout lists layers in their order.

    Raises:
        ModelFileError: damaged, or without weights.
        WeightError: weights for another number of layers.
    """
    with _open(path) as root:
        if "layers" in root and "layer_names" not in root.attrs:
            return tree_weights(root, [class_name for class_name, _ in layers], str(path))
        saved = named_weights(root.get("model_weights", root), str(path))
        arrays = [weights for weights in saved.values() if weights]
        if len(arrays) != len(layers):
            raise WeightError(
                f"{path}: expected weights of {len(layers)} layers "
                f"({', '.join(class_name for class_name, _ in layers)}), got {len(arrays)}"
            )
        return arrays


def named_weights(group: Any, where: str) -> dict[str, tuple[Weight, ...]]:
    """The arrays of each layer by its name, in the order of the attributes layer_names and weight_names.

    Raises:
        ModelFileError: the group is not what Keras writes.
    """
    if not isinstance(group, h5py.Group):
        raise ModelFileError(f"{where}: expected Keras's group 'model_weights'")
    return {
        name: tuple(
            Weight(weight, read_array(_get(_get(group, name, where), weight, where), f"{where}:{name}/{weight}"))
            for weight in _names(_get(group, name, where), "weight_names", where)
        )
        for name in _names(group, "layer_names", where)
    }


def _get(group: Any, name: str, where: str) -> Any:
    """A member of a group that lies in this file."""
    if not isinstance(group, h5py.Group) or name not in group:
        raise ModelFileError(f"{where}: expected {name!r} in the file, but it is missing")
    return group[name]


def _names(group: Any, attribute: str, where: str) -> list[str]:
    """A list of names, which Keras splits into attribute0, attribute1, ... where it is too long for one."""
    if attribute in group.attrs:
        return [_text(name) for name in group.attrs[attribute]]
    names: list[str] = []
    chunk = 0
    while f"{attribute}{chunk}" in group.attrs:
        names += [_text(name) for name in group.attrs[f"{attribute}{chunk}"]]
        chunk += 1
    if not chunk:
        raise ModelFileError(f"{where}: expected the attribute {attribute!r}, but it is missing")
    return names


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes | np.bytes_) else str(value)


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    try:
        with h5py.File(path, "r") as root:
            yield root
    except (OSError, KeyError, RuntimeError) as error:
        raise ModelFileError(f"{path}: damaged HDF5 file: {error}") from error
