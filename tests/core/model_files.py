"""Model files in Keras's layout, written by hand: the tests here run where Keras is not installed."""

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np


def layer(class_name: str, **config: object) -> dict:
    """A serialized layer as Keras 3 writes it."""
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


def write_keras(path: Path, layers: list[dict], weights: dict[str, list[np.ndarray]]) -> Path:
    """A .keras file of a Sequential model; weights by group, e.g. {"dense": [kernel, bias]}."""
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "model", "layers": layers}}
    content = io.BytesIO()
    with h5py.File(content, "w") as root:
        for group, arrays in weights.items():
            for number, array in enumerate(arrays):
                root[f"layers/{group}/vars/{number}"] = array
        root.require_group("layers")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.9.0"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", content.getvalue())
    return path


KERNEL = np.arange(6, dtype=np.float32).reshape(3, 2)
BIAS = np.array([1, -20], np.float32)
INPUT = layer("InputLayer", name="input", batch_shape=[None, 3], dtype="float32")
DENSE = layer("Dense", name="dense", units=2, activation="relu", use_bias=True)


def write_dense(path: Path) -> Path:
    """Dense(2, relu) on three features: x -> relu(x · KERNEL + BIAS)."""
    return write_keras(path, [INPUT, DENSE], {"dense": [KERNEL, BIAS]})
