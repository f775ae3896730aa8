"""Model files of every generation, written by hand: what Keras writes, and what it never would."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.core.model_files import BIAS, DENSE, INPUT, KERNEL, layer

Arrays = Mapping[str, Sequence[np.ndarray]]
X = np.array([[1, 2, 3], [-1, 0, 2]], np.float32)
Y = np.maximum(X @ KERNEL + BIAS, 0)


def sequential(*layers: dict, **config: Any) -> dict:
    """The config of a Sequential model of Keras 3."""
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "model", "layers": layers, **config}}


def functional(layers: list[dict], inputs: Any, outputs: Any) -> dict:
    """The config of a functional model of Keras 3."""
    config = {"name": "model", "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}


def tensor(name: str, node: int = 0, place: int = 0) -> dict:
    """A tensor of the graph as Keras 3 writes it."""
    config = {"shape": [None, 3], "dtype": "float32", "keras_history": [name, node, place]}
    return {"class_name": "__keras_tensor__", "config": config}


def called(entry: dict, *calls: Any) -> dict:
    """The entry of a layer in a functional model, called with these first arguments."""
    nodes = [{"args": [call], "kwargs": {}} for call in calls]
    return {**entry, "name": entry["config"]["name"], "inbound_nodes": nodes}


def tree(arrays: Arrays, separator: str = "/") -> bytes:
    """model.weights.h5: arrays by group, e.g. {"layers/dense": [kernel, bias]}."""
    content = io.BytesIO()
    with h5py.File(content, "w") as root:
        root.create_group("layers") if separator == "/" else None
        for group, items in arrays.items():
            variables = root.create_group(group.replace("/", separator)).create_group("vars")
            for number, array in enumerate(items):
                variables[str(number)] = array
    return content.getvalue()


def members(config: Any, weights: bytes | Arrays, version: str = "3.9.0") -> dict[str, bytes]:
    """The members of a .keras file."""
    return {
        "metadata.json": json.dumps({"keras_version": version}).encode(),
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": weights if isinstance(weights, bytes) else tree(weights),
    }


def write_zip(path: Path, contents: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """A zip archive with these members."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def dense_members() -> dict[str, bytes]:
    """The members of a .keras file of Dense(2, relu) on three features."""
    return members(sequential(INPUT, DENSE), {"layers/dense": [KERNEL, BIAS]})


def write_h5(
    path: Path,
    config: Any,
    weights: Mapping[str, Mapping[str, np.ndarray]],
    version: str | None = "2.2.4",
    backend: str | None = None,
) -> Path:
    """An .h5 file with config, or of weights alone where the config is None."""
    with h5py.File(path, "w") as root:
        group = root if config is None else root.create_group("model_weights")
        for notes in (root, group):
            if version is not None:
                notes.attrs["keras_version"] = version.encode()
            if backend is not None:
                notes.attrs["backend"] = backend.encode()
        if config is not None:
            root.attrs["model_config"] = json.dumps(config).encode()
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            part = group.create_group(name)
            part.attrs["weight_names"] = [key.encode() for key in arrays]
            for key, array in arrays.items():
                part[key] = array
    return path


def old(class_name: str, **config: Any) -> dict:
    """A serialized layer as Keras 1 and 2 write it."""
    return {"class_name": class_name, "config": config}


OLD_DENSE = old("Dense", name="dense", units=2, activation="relu", use_bias=True, batch_input_shape=[None, 3])
OLD_WEIGHTS = {"dense": {"dense/kernel:0": KERNEL, "dense/bias:0": BIAS}}


def write_old_dense(path: Path, version: str | None = "2.2.4") -> Path:
    """Dense(2, relu) on three features, as Keras 2 writes it."""
    return write_h5(path, {"class_name": "Sequential", "config": [OLD_DENSE]}, OLD_WEIGHTS, version)


__all__ = ["BIAS", "DENSE", "INPUT", "KERNEL", "layer"]
