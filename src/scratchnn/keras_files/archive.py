"""The .keras format of Keras 3: a zip of config.json, metadata.json, model.weights.h5 and assets."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from ..errors import ModelFileError
from ..spec import ModelSpec, Weight
from .config import Stored, model_spec, parse_json
from .tree import group_names, tree_weights

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


def read_model(path: Path) -> ModelSpec:
    """The model of a .keras file.

    Raises:
        ModelFileError: damaged, or a member is missing.
        UnsupportedError, ConfigError, WeightError: what it says is not what scratchnn reads.
    """
    with _open(path) as archive:
        config = parse_json(_member(archive, CONFIG, path), path, CONFIG)
        version = str(parse_json(_member(archive, METADATA, path), path, METADATA).get("keras_version", "3"))

        def stored(layers: list[tuple[str, str]]) -> list[Stored]:
            classes = [class_name for class_name, _ in layers]
            with _weights(archive, path) as root:
                arrays = tree_weights(root, classes, f"{path}:{WEIGHTS}")
            assets = [_assets(archive, group) for group in group_names(classes)]
            return list(zip(arrays, assets, strict=True))

        return model_spec(config, version, stored)


def read_layer_weights(path: Path, layers: list[tuple[str, str]]) -> list[tuple[Weight, ...]]:
    """The arrays for layers (class, name) of a known architecture.

    Raises:
        ModelFileError: damaged, or without weights.
        WeightError: weights for other layers than these.
    """
    with _open(path) as archive, _weights(archive, path) as root:
        return tree_weights(root, [class_name for class_name, _ in layers], f"{path}:{WEIGHTS}")


@contextmanager
def _open(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelFileError(f"{path}: damaged .keras file: {error}") from error


@contextmanager
def _weights(archive: zipfile.ZipFile, path: Path) -> Iterator[Any]:
    try:
        with h5py.File(io.BytesIO(_member(archive, WEIGHTS, path)), "r") as root:
            yield root
    except (OSError, KeyError, RuntimeError) as error:
        raise ModelFileError(f"{path}:{WEIGHTS}: damaged HDF5 content: {error}") from error


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    if name not in archive.namelist():
        raise ModelFileError(f"{path}: expected {name} in a .keras file, got {', '.join(archive.namelist()[:10])}")
    return archive.read(name)


def _assets(archive: zipfile.ZipFile, group: str) -> dict[str, Any]:
    """The texts that Keras saved for a layer; tokens are split at newlines alone, as Keras writes them."""
    name = f"assets/layers/{group}/vocabulary.txt"
    if name not in archive.namelist():
        return {}
    return {"vocabulary": archive.read(name).decode("utf-8", "surrogateescape").split("\n")}
