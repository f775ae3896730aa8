"""A ModelSpec as a config that Keras 3 loads, whatever version wrote the file: the reference of `verify`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..spec import LayerSpec, ModelSpec, NodeSpec, TensorRef
from .arguments import SEPARATE_INPUTS
from .legacy import INNER

# What Keras 1 and 2 called hard_sigmoid; Keras 3 has no function of that meaning.
LEGACY_HARD_SIGMOID = "legacy_hard_sigmoid"
LEGACY_FUNCTION = {
    "module": "builtins",
    "class_name": "function",
    "config": LEGACY_HARD_SIGMOID,
    "registered_name": LEGACY_HARD_SIGMOID,
}
# Options that Keras 3 no longer takes, or whose form has changed: none of them matters at inference, and the
# layers have refused any value that would.
GONE = ("time_major", "input_length")
GONE_SUFFIXES = ("_initializer", "_regularizer", "_constraint")

# Where in keras.src.ops the operations are that are not in `numpy`.
MODULES = {
    "core": {"Cast", "ConvertToTensor", "StopGradient", "Unstack"},
    "linalg": {"Norm"},
    "math": {"Erf", "Logsumexp", "Rsqrt", "TopK"},
    "nn": {
        *("Celu", "Elu", "Gelu", "HardSigmoid", "HardSilu", "HardTanh", "LeakyRelu", "LogSigmoid", "LogSoftmax"),
        *("Relu", "Relu6", "Selu", "Sigmoid", "Silu", "Softmax", "Softplus", "Softsign", "TanhShrink"),
        *("Glu", "HardShrink", "Normalize", "OneHot", "SoftShrink", "SparsePlus", "SparseSigmoid", "Sparsemax"),
        *("Squareplus", "Threshold"),
    },
}


def modern_config(model: ModelSpec) -> dict[str, Any]:
    """The model in Keras 3's serialized form, for `keras.saving.deserialize_keras_object`.

    It is always a functional model, with the layers' names. Where the file is of Keras 1 or 2, the activation
    "hard_sigmoid" is called "legacy_hard_sigmoid": load it in
    `keras.saving.custom_object_scope({"legacy_hard_sigmoid": function})`, where the function gives
    clip(0.2 x + 0.5, 0, 1). The config has no arrays: call `set_weights` of each layer with the values of its
    `LayerSpec.weights`, which are in Keras 3's order and layout, and do so inside nested models.
    """
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "registered_name": "Functional",
        "config": {
            "name": model.name,
            "trainable": True,
            "layers": [_layer(layer, model) for layer in model.layers],
            "input_layers": _ends(model.inputs, model.nested_inputs, model.input_names),
            "output_layers": _ends(_counted(model), model.nested_outputs, model.output_names),
        },
    }


def _counted(model: ModelSpec) -> tuple[TensorRef, ...]:
    """The outputs, with a nested model's own graph counted as its call 0, as Keras has it here."""
    nested = {layer.name for layer in model.layers if layer.model is not None}
    return tuple(ref._replace(node=ref.node + 1) if ref.layer in nested else ref for ref in model.outputs)


def _ends(refs: tuple[TensorRef, ...], nested: bool, names: tuple[str, ...]) -> Any:
    if names:
        return {name: list(ref) for name, ref in zip(names, refs, strict=True)}
    return [list(ref) for ref in refs] if nested else list(refs[0])


def _layer(layer: LayerSpec, model: ModelSpec) -> dict[str, Any]:
    """One layer with its calls."""
    nodes = sorted((node for node in model.nodes if node.layer == layer.name), key=lambda node: node.index)
    calls = {"name": layer.name, "inbound_nodes": [_node(node, layer.class_name) for node in nodes]}
    if layer.class_name == "TimeDistributed" and layer.model is not None:
        config = {"name": layer.name, "layer": modern_config(layer.model)}
        serialized = {"module": "keras.layers", "class_name": layer.class_name, "registered_name": None}
        return {**serialized, "config": config, **calls}
    if layer.model is not None:
        return {**modern_config(layer.model), **calls}
    if layer.class_name.startswith("ops."):
        return {**_operation(layer), **calls}
    serialized = {"module": "keras.layers", "class_name": layer.class_name, "registered_name": None}
    config = _meaning(layer.config, layer.keras_version)
    if layer.class_name != "Embedding":
        config.pop("input_dim", None)  # elsewhere it is Keras 1's and 2's note of the input's shape
    return {**serialized, "config": {**config, "name": layer.name}, **calls}


def _operation(layer: LayerSpec) -> dict[str, Any]:
    """An operation of keras.src.ops, in the module that has it."""
    class_name = layer.class_name.removeprefix("ops.")
    module = next((name for name, classes in MODULES.items() if class_name in classes), "numpy")
    serialized = {"module": f"keras.src.ops.{module}", "class_name": class_name, "registered_name": class_name}
    return {**serialized, "config": {**layer.config, "name": layer.name}}


def _node(node: NodeSpec, class_name: str) -> dict[str, Any]:
    args = node.args[0] if class_name in SEPARATE_INPUTS else node.args
    return {"args": [_argument(value) for value in args], "kwargs": _argument(dict(node.kwargs))}


def _argument(value: Any) -> Any:
    """An argument in Keras 3's serialized form; Keras works out shapes and dtypes itself."""
    if isinstance(value, TensorRef):
        config = {"shape": [None], "dtype": "float32", "keras_history": list(value)}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(value, Mapping):
        return {key: _argument(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_argument(item) for item in value]
    if isinstance(value, slice):
        parts = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": parts}
    if isinstance(value, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": str(value.dtype)}}
    return {"class_name": "__ellipsis__", "config": {}} if value is ... else value


def _meaning(config: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The config with names whose meaning changed replaced, in layers inside the layer too."""
    gone = {key for key in config if version < 3 and (key in GONE or key.endswith(GONE_SUFFIXES))}
    changed = {
        key: value
        for key, value in config.items()
        if key not in gone and (key != "dtype" or isinstance(value, str))
    }
    for key, value in changed.items():
        if version < 3 and value == "hard_sigmoid":
            changed[key] = LEGACY_FUNCTION
        elif key in INNER and isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
            inner = _meaning(value["config"], version)
            changed[key] = {"module": "keras.layers", "registered_name": None, **value, "config": inner}
    return changed
