"""The config of a whole model, as JSON has it, turned into a ModelSpec."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import ConfigError, ModelFileError, UnsupportedError
from ..spec import LayerSpec, ModelSpec, NodeSpec, TensorRef, Weight

# What a reader adds to the config of a layer: (class, name) of all layers -> (arrays, assets) of each.
Stored = tuple[tuple[Weight, ...], Mapping[str, Any]]
WeightSource = Callable[[list[tuple[str, str]]], list[Stored]]


def parse_json(text: str | bytes, path: Path, part: str) -> dict[str, Any]:
    """The JSON object in a part of a file.

    Raises:
        ModelFileError: it is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: {part} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ModelFileError(f"{path}: {part}: expected a JSON object, got {type(value).__name__}")
    return value


def model_spec(config: Mapping[str, Any], keras_version: str, weights: WeightSource) -> ModelSpec:
    """The spec of a serialized model.

    Args:
        config: {"class_name": ..., "config": ...}, from a file or from a live model.
        keras_version: full version of the Keras that wrote it.
        weights: where the arrays of the layers come from.

    Raises:
        UnsupportedError: another kind of model than Sequential.
        ConfigError: parts of the config are missing or of another type.
    """
    class_name = config.get("class_name")
    inner = config.get("config")
    if class_name != "Sequential":
        raise UnsupportedError(f"expected a Sequential model, got {class_name!r}")
    if not isinstance(inner, Mapping) or not isinstance(inner.get("layers"), list):
        raise ConfigError("Sequential model: expected a config with a list of layers")
    layers = [_layer(entry, keras_version) for entry in inner["layers"]]
    if not layers or layers[0].class_name != "InputLayer":
        layers.insert(0, _input_layer(inner, config, layers))
    _input_shape(layers[0])
    stored = weights([(layer.class_name, layer.name) for layer in layers])
    full = tuple(
        LayerSpec(layer.class_name, layer.name, layer.config, arrays, assets, layer.keras_version)
        for layer, (arrays, assets) in zip(layers, stored, strict=True)
    )
    nodes = tuple(NodeSpec(layer.name, 0, (TensorRef(before.name),)) for before, layer in pairwise(full))
    name = str(inner.get("name", "sequential"))
    ends = (TensorRef(full[0].name),), (TensorRef(full[-1].name),)
    return ModelSpec(name, "Sequential", full, nodes, *ends, keras_version=keras_version)


def _layer(entry: Any, keras_version: str) -> LayerSpec:
    """One entry of a model's list of layers."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
        raise ConfigError(f"expected a serialized layer with class_name and config, got {entry!r:.200}")
    class_name, config = str(entry.get("class_name")), entry["config"]
    name = str(config.get("name", class_name.lower()))
    module, registered = entry.get("module", "keras.layers"), entry.get("registered_name")
    if registered is not None or str(module).split(".")[0] != "keras":
        raise UnsupportedError(
            f"{class_name} {name!r}: a custom class (module {module!r}, registered_name {registered!r}); "
            "scratchnn runs layers of Keras alone, and no code of a file"
        )
    return LayerSpec(class_name, name, config, keras_version=int(keras_version.split(".")[0]))


def _input_layer(inner: Mapping[str, Any], outer: Mapping[str, Any], layers: list[LayerSpec]) -> LayerSpec:
    """The input of a Sequential that was built without one, from the shape that Keras noted."""
    first = layers[0].config if layers else {}
    noted = (
        first.get("batch_shape"),
        first.get("batch_input_shape"),
        inner.get("build_input_shape"),
        (outer.get("build_config") or {}).get("input_shape"),
    )
    shape = next((shape for shape in noted if shape is not None), None)
    return LayerSpec("InputLayer", "input_layer", {"batch_shape": shape, "dtype": "float32"})


def _input_shape(layer: LayerSpec) -> None:
    """Check the shape of an input.

    Raises:
        ConfigError: it is missing or not a list of sizes.
    """
    shape = layer.config.get("batch_shape")
    if not isinstance(shape, list | tuple) or not all(
        n is None or (isinstance(n, int) and not isinstance(n, bool) and n > 0) for n in shape
    ):
        raise ConfigError(
            f"InputLayer {layer.name!r}: option 'batch_shape': expected a list of sizes or nulls, got {shape!r}"
        )
