"""The .keras format: a zip of config.json, metadata.json, model.weights.h5 and assets."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import ModelFileError
from ..spec import LayerSpec, ModelSpec, Weight
from . import limits
from .config import model_spec
from .content import Group, open_hdf5
from .json_text import parse_json
from .members import Members, open_zip
from .tree import tree_model, tree_weights

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
# The one asset that Keras's own layers save; TextVectorization saves it once more for the table inside it.
ASSETS, VOCABULARY, TABLE = "assets/", "vocabulary.txt", "/_lookup_layer"


def read_model(path: Path) -> ModelSpec:
    """The model of a .keras file.

    Raises:
        ModelFileError: damaged, or a member is missing or unknown.
        UnsupportedError, ConfigError, WeightError: what it says is not what scratchnn reads.
    """
    with open_zip(path) as members:
        _check(members)
        config = parse_json(members.read(CONFIG), f"{path}: {CONFIG}")
        metadata = parse_json(members.read(METADATA), f"{path}: {METADATA}")
        model = model_spec(config, str(metadata.get("keras_version", "3")))
        with _weights(members) as root:
            return tree_model(root, model, _vocabularies(members))


def read_weights(path: Path, model: ModelSpec) -> ModelSpec:
    """The model with the arrays of a .keras file.

    Raises:
        ModelFileError: damaged, or without weights.
        WeightError: weights for other layers than the model has.
    """
    with open_zip(path) as members, _weights(members) as root:
        return tree_model(root, model, _vocabularies(members))


def read_layer_weights(path: Path, layers: Sequence[LayerSpec]) -> list[tuple[Weight, ...]]:
    """The arrays for layers of a known architecture.

    Raises:
        ModelFileError: damaged, or without weights.
        WeightError: weights for other layers than these.
    """
    with open_zip(path) as members, _weights(members) as root:
        return tree_weights(root, layers)


def _check(members: Members) -> None:
    """Refuse members that nobody reads."""
    unknown = [
        name
        for name in members
        if name not in (CONFIG, METADATA, WEIGHTS)
        and not (name.startswith(ASSETS) and name.endswith(f"/{VOCABULARY}"))
    ]
    if unknown:
        raise ModelFileError(
            f"{members.where}: expected {CONFIG}, {METADATA}, {WEIGHTS} and vocabularies, got "
            f"{', '.join(unknown[:10])}"
        )


@contextmanager
def _weights(members: Members) -> Iterator[Group]:
    content = io.BytesIO(members.read(WEIGHTS))
    with open_hdf5(content, f"{members.where}:{WEIGHTS}") as root:
        yield root


def _vocabularies(members: Members) -> dict[str, dict[str, Any]]:
    """The tokens of each layer that saved some, by its path: {"layers/...": {"vocabulary": [...]}}."""
    found = {}
    for name in members:
        folder, _, file = name.removeprefix(ASSETS).rpartition("/")
        if name.startswith(ASSETS) and file == VOCABULARY:
            found[folder] = {"vocabulary": _lines(members.read(name), f"{members.where}, member {name!r}")}
    inner = [folder for folder in found if folder.removesuffix(TABLE) in found and folder.endswith(TABLE)]
    return {folder: texts for folder, texts in found.items() if folder not in inner}


def _lines(content: bytes, where: str) -> list[str]:
    """The lines of a text file, as Keras writes one token a line: the end of the line is no part of the token."""
    if len(content) > limits.MAX_TEXT:
        raise ModelFileError(f"{where}: expected at most {limits.MAX_TEXT} bytes, got {len(content)}")
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) > 1 and all(line.endswith("\r") for line in lines[:-1]):  # written on Windows
        lines = [line.removesuffix("\r") for line in lines]
    return lines
