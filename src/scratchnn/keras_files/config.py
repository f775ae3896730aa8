"""The config of a whole model, as JSON has it, turned into a ModelSpec without weights."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from ..errors import ConfigError, ScratchnnError, UnsupportedError
from ..spec import LayerSpec, ModelSpec, NodeSpec, TensorRef
from . import limits
from .arguments import is_ref
from .custom import custom_objects
from .legacy import modern_layer
from .tf_operations import modern_operation
from .wiring import Wiring, wiring

MODELS = ("Sequential", "Functional", "Model")
# Modules whose classes are operations on tensors, which share names with layers (Add, Multiply, Softmax).
OPERATIONS = ("keras.src.ops.", "keras.ops.")
# Layers that do not say whether they are trainable.
SILENT = ("InputLayer", "Discretization")


def model_spec(config: Mapping[str, Any], keras_version: str) -> ModelSpec:
    """The spec of a serialized model, with no arrays in it yet.

    Args:
        config: {"class_name": ..., "config": ...}, from a file or from a live model.
        keras_version: full version of the Keras that wrote it.

    Raises:
        UnsupportedError: another kind of model than Sequential and Functional.
        ConfigError: parts of the config are missing or of another type.
    """
    class_name, inner = config.get("class_name"), config.get("config")
    shell = {key: value for key, value in config.items() if key not in ("config", "compile_config")}
    faults = custom_objects(f"model {class_name}", shell)
    if faults:
        raise faults[0]
    if class_name not in MODELS:
        raise UnsupportedError(f"expected a model of class {' or '.join(MODELS)}, got {class_name!r}")
    if isinstance(inner, list) and class_name == "Sequential":
        inner = {"layers": inner}  # Keras 1, and Keras 2 up to 2.2.2
    if not isinstance(inner, Mapping) or not isinstance(inner.get("layers"), list):
        raise ConfigError(f"{class_name} model: expected a config with a list of layers")
    translated = [modern_operation(entry) for entry in inner["layers"]]
    inner = {**inner, "layers": [entry for entry, _ in translated]}
    layers = [_with_fault(_layer(entry, keras_version), fault) for entry, fault in translated]
    layers = [replace(layer, shared=_shared(entry)) for layer, entry in zip(layers, inner["layers"], strict=True)]
    if class_name == "Sequential":
        return _sequential(inner, config, layers, keras_version)
    return _functional(inner, layers, keras_version)


def _sequential(
    inner: Mapping[str, Any], outer: Mapping[str, Any], layers: list[LayerSpec], keras_version: str
) -> ModelSpec:
    """A model whose layers are called one after another."""
    if not layers or layers[0].class_name != "InputLayer":
        layers.insert(0, _input_layer(inner, outer, layers))
    _check_layers(layers)
    nodes = tuple(NodeSpec(layer.name, 0, (TensorRef(before.name),)) for before, layer in pairwise(layers))
    return ModelSpec(
        name=str(inner.get("name", "sequential")),
        class_name="Sequential",
        layers=tuple(layers),
        nodes=nodes,
        inputs=(TensorRef(layers[0].name),),
        outputs=(TensorRef(layers[-1].name),),
        keras_version=keras_version,
    )


def _functional(inner: Mapping[str, Any], layers: list[LayerSpec], keras_version: str) -> ModelSpec:
    """A model whose layers are called as their `inbound_nodes` say."""
    _check_layers(layers)
    name = str(inner.get("name", "model"))
    try:
        graph = wiring(inner, layers)
    except ScratchnnError as error:
        raise type(error)(f"model {name!r}: {error}") from error
    _check_inputs(name, graph)
    return ModelSpec(
        name=name,
        class_name="Functional",
        layers=graph.layers,
        nodes=graph.nodes,
        inputs=graph.inputs,
        outputs=graph.outputs,
        nested_inputs=isinstance(inner["input_layers"], list) and not is_ref(inner["input_layers"]),
        nested_outputs=len(graph.outputs) > 1,
        input_names=graph.input_names,
        output_names=graph.output_names,
        keras_version=keras_version,
    )


def _check_inputs(name: str, graph: Wiring) -> None:
    """Check that every input is an InputLayer.

    Raises:
        ConfigError: one is not.
    """
    inputs = {TensorRef(layer.name) for layer in graph.layers if layer.class_name == "InputLayer"}
    wrong = [ref for ref in graph.inputs if ref not in inputs]
    if wrong or len(set(graph.inputs)) < len(graph.inputs):
        raise ConfigError(
            f"model {name!r}: expected each input to be an InputLayer, got {list(map(list, graph.inputs))}"
        )


def _layer(entry: Any, keras_version: str) -> LayerSpec:
    """One entry of a model's list of layers; what is wrong with it goes into its `faults`."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping | list):
        raise ConfigError(f"expected a serialized layer with class_name and config, got {entry!r:.200}")
    class_name, config = str(entry.get("class_name")), entry["config"]
    own = config.get("name") if isinstance(config, Mapping) else None
    name = entry.get("name", own) or class_name.lower()
    if not isinstance(name, str) or own not in (None, name):
        raise ConfigError(f"{class_name}: expected one name as text, got {entry.get('name')!r} and {own!r}")
    if not name.isprintable() or len(name) > limits.MAX_NAME:
        raise ConfigError(f"{class_name}: expected a name of printable characters, got {name!r:.200}")
    if class_name in MODELS:
        model = replace(model_spec(entry, keras_version), name=name)
        return LayerSpec(model.class_name, name, {"name": name}, keras_version=major(keras_version), model=model)
    if _holds_model(class_name, config):
        model = model_spec(config["layer"], keras_version)
        rest = {key: value for key, value in config.items() if key not in ("layer", "batch_input_shape")}
        return LayerSpec(class_name, name, rest, keras_version=major(keras_version), model=model)
    if not isinstance(config, Mapping):
        raise ConfigError(f"{class_name} {name!r}: expected a config with names and values, got {config!r:.200}")
    label = f"{class_name} {name!r}"
    faults = custom_objects(label, {key: value for key, value in entry.items() if key != "inbound_nodes"})
    if _is_operation(entry, config, keras_version):
        return LayerSpec(f"ops.{class_name}", name, config, faults=tuple(faults))
    if class_name == "InputLayer":
        faults += _input_faults(label, config)
    try:
        class_name, config = modern_layer(class_name, config, major(keras_version))
    except ScratchnnError as fault:
        faults.append(fault)
    return LayerSpec(class_name, name, config, keras_version=major(keras_version), faults=tuple(faults))


def _holds_model(class_name: str, config: Any) -> bool:
    """Whether it is a TimeDistributed layer over a whole model."""
    inner = config.get("layer") if isinstance(config, Mapping) else None
    return class_name == "TimeDistributed" and isinstance(inner, Mapping) and inner.get("class_name") in MODELS


def _with_fault(layer: LayerSpec, fault: ScratchnnError | None) -> LayerSpec:
    return layer if fault is None else replace(layer, faults=(*layer.faults, fault))


def _shared(entry: Mapping[str, Any]) -> int | None:
    """The number of a layer that stands in several models."""
    number = entry.get("shared_object_id")
    return number if isinstance(number, int) else None


def _is_operation(entry: Mapping[str, Any], config: Mapping[str, Any], keras_version: str) -> bool:
    """Whether an entry is an operation on tensors, not a layer.

    In .h5 files Keras 3 leaves the module out, and class names like Add stand for both; but every layer says
    whether it is trainable.
    """
    if entry.get("module") is not None:
        return str(entry["module"]).startswith(OPERATIONS)
    layer = "trainable" in config or entry.get("class_name") in SILENT or "inbound_nodes" not in entry
    return major(keras_version) >= 3 and not layer


def major(keras_version: str) -> int:
    """The major version; a version that is no number is Keras 1's, which sometimes left it out."""
    first = keras_version.split(".")[0]
    return int(first) if re.fullmatch("[0-9]{1,3}", first) else 1


def _input_layer(inner: Mapping[str, Any], outer: Mapping[str, Any], layers: list[LayerSpec]) -> LayerSpec:
    """The input of a Sequential that was built without one, from the shape that Keras noted."""
    entries = inner["layers"]
    first = entries[0]["config"] if entries and isinstance(entries[0]["config"], Mapping) else {}
    nested = layers[0].model if layers else None
    noted = (
        first.get("batch_shape"),
        first.get("batch_input_shape"),
        inner.get("build_input_shape"),
        _mapping(outer.get("build_config")).get("input_shape"),
        None if nested is None else nested.layer(nested.inputs[0].layer).config.get("batch_shape"),
    )
    shape = next((shape for shape in noted if shape is not None), None)
    dtype = first.get("input_dtype", first.get("dtype", "float32"))
    return LayerSpec("InputLayer", _free_name("input_layer", layers), {"batch_shape": shape, "dtype": dtype})


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _free_name(name: str, layers: Sequence[LayerSpec]) -> str:
    """The name, with underscores behind it until no layer has it."""
    while any(layer.name == name for layer in layers):
        name += "_"
    return name


def _check_layers(layers: Sequence[LayerSpec]) -> None:
    """Check that names are unique and inputs have shapes.

    Raises:
        ConfigError: they are not, or have none.
    """
    count = Counter(layer.name for layer in layers)
    twice = sorted(name for name, times in count.items() if times > 1)
    if twice:
        raise ConfigError(f"expected each layer name once, got several of {', '.join(twice)}")
    for layer in layers:
        if layer.class_name == "InputLayer":
            _check_input(layer)


def _input_faults(label: str, config: Mapping[str, Any]) -> list[ScratchnnError]:
    """Inputs that are no arrays, that need not be given, or of a dtype that NumPy does not have."""
    keys = [key for key in ("sparse", "ragged", "optional") if config.get(key)]
    faults: list[ScratchnnError] = [
        UnsupportedError(f"{label}: option {key!r}: expected false, got true") for key in keys
    ]
    if config.get("dtype") == "bfloat16":
        faults.append(UnsupportedError(f"{label}: option 'dtype': expected a dtype of NumPy, got 'bfloat16'"))
    return faults


def _check_input(layer: LayerSpec) -> None:
    shape = layer.config.get("batch_shape")
    valid = isinstance(shape, list | tuple) and all(
        n is None or (isinstance(n, int) and not isinstance(n, bool) and n > 0) for n in shape
    )
    if not valid or not shape:
        raise ConfigError(
            f"InputLayer {layer.name!r}: option 'batch_shape': expected a list of sizes or nulls, got {shape!r}"
        )
