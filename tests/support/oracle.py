"""The two sides of a case: the freshly built Keras layer, and the scratch layer made from it."""

import copy
import gc
import importlib
import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from scratchnn.keras_files import layer_spec_from_keras
from scratchnn.layers import Layer, build_layer
from scratchnn.oracle.structures import has_separate_inputs
from scratchnn.spec import LayerSpec

from .case import Case

# A fresh Keras layer leaves 70 to 142 KB in Keras's global state, which only clear_session frees.
BUILDS_BETWEEN_CLEARS = 100
_builds = itertools.count(1)


@cache
def keras_module() -> Any:
    """Keras, imported when the first test needs it (it takes ten seconds and 600 MB)."""
    import keras

    gc.collect()
    gc.freeze()  # a million objects that stay: each later collection would walk through them all
    return keras


@cache
def has_float64() -> bool:
    """Whether Keras computes in float64: on JAX and PyTorch its operations turn float64 into float32."""
    return bool(keras_module().backend.result_type("float64", "float64") == "float64")


@cache
def knows_activation(name: str) -> bool:
    """Whether the installed Keras has that activation: the oldest supported one lacks some."""
    try:
        return callable(keras_module().activations.get(name))
    except ValueError:
        return False


def with_dtype(options: dict[str, Any], dtype: str) -> dict[str, Any]:
    """A config, and the configs of layers inside it, with that dtype."""
    typed = {key: _typed(value, dtype) for key, value in copy.deepcopy(options).items()}
    return {**typed, "dtype": dtype}


def _typed(value: Any, dtype: str) -> Any:
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        return {**value, "config": with_dtype(value["config"], dtype)}
    if isinstance(value, list):
        return [_typed(item, dtype) for item in value]
    return value


def clear_now_and_then() -> None:
    """Called for each layer or model that is built."""
    if next(_builds) % BUILDS_BETWEEN_CLEARS == 0:
        keras_module().utils.clear_session(free_memory=False)


def is_wrapper(options: dict[str, Any]) -> bool:
    """Whether a serialized layer is among the options, which the constructor would not take."""
    values = [item for value in options.values() for item in (value if isinstance(value, list) else [value])]
    return any(isinstance(value, dict) and "class_name" in value for value in values)


def _legacy_class(name: str) -> Any:
    """A layer of Keras 2 that Keras 3 only keeps for old files."""
    return getattr(importlib.import_module("keras.src.legacy.layers"), name)


def keras_layer(case: Case, dtype: str = "float32") -> Any:
    """The Keras layer of a case, built, with the weights of the case."""
    keras = keras_module()
    clear_now_and_then()
    options = case.options if "texts" in case.kinds else with_dtype(case.options, dtype)
    options = {"name": case.layer.lower(), **options}
    keras_class = getattr(keras.layers, case.layer, None) or _legacy_class(case.layer)
    layer = keras_class.from_config(options) if is_wrapper(case.options) else keras_class(**options)
    layer.build(*case.input_shape) if has_separate_inputs(layer) else layer.build(case.input_shape)
    layer.set_weights(
        [
            case.weight(place, variable.path, tuple(variable.shape)).astype(dtype)
            for place, variable in enumerate(layer.weights)
        ]
    )
    if layer.weights and hasattr(layer, "finalize_state"):
        layer.finalize_state()  # Normalization works with a copy of its weights
    return layer


def run_keras(layer: Any, case: Case, dtype: str = "float32") -> Any:
    """The Keras layer's output for the input of the case, as NumPy arrays."""
    if has_separate_inputs(layer):
        return to_numpy(run_separate(layer, case, dtype))
    x, extra = case.inputs(), {}
    run = channels_last_twin(layer) if needs_channels_last(layer) else layer
    if case.mask() is not None:
        extra["mask"] = case.mask()
    if case.states() is not None:
        extra["initial_state"] = [state.astype(dtype) for state in case.states()]
    extra |= case.arguments()
    if "training" in case.call:
        extra["training"] = case.call["training"]
    if case.cell_states() is not None:
        keras, states = keras_module(), iter(_cast(case.cell_states(), dtype))
        sizes = layer.state_size if hasattr(layer, "cells") else [layer.state_size]
        nested = keras.tree.map_structure(lambda size: next(states), sizes)  # as the cell nests them
        output, after = run(_cast(x, dtype), nested if hasattr(layer, "cells") else keras.tree.flatten(nested))
        return (to_numpy(output), *map(to_numpy, keras.tree.flatten(after)))
    output = run(_cast(x, dtype), **extra)
    if isinstance(output, list | tuple):  # the states of stacked cells are nested
        return tuple(map(to_numpy, keras_module().tree.flatten(output)))
    return to_numpy(output)


def run_separate(layer: Any, case: Case, dtype: str) -> Any:
    """Keras's outputs of a layer whose inputs are arguments of their own, and carry their masks."""
    from keras.src import backend

    tensors = list(map(keras_module().ops.convert_to_tensor, _cast(case.inputs(), dtype)))
    for tensor, mask in zip(tensors, case.mask() or (), strict=False):
        if mask is not None:
            backend.set_keras_mask(tensor, keras_module().ops.convert_to_tensor(mask))
    return layer(*tensors, **case.arguments())


def run_sequences(layer: Any, case: Case, dtype: str = "float32") -> Any:
    """The outputs of all steps of a recurrent layer whose own output hides them: its bound is judged step by step.

    Returns:
        One array in the order of reading, for Bidirectional those of both layers; None for any other layer.
    """
    halves = [getattr(layer, name, None) for name in ("forward_layer", "backward_layer")]
    merged = getattr(layer, "merge_mode", None) in ("sum", "ave", "mul")
    if not (hasattr(layer, "cell") or halves[0] is not None) or (layer.return_sequences and not merged):
        return None
    if halves[0] is None:
        return _sequence(layer, case, case.states(), dtype)
    states = case.states()
    middle = len(states) // 2 if states else 0
    parts = (states[:middle], states[middle:]) if states else (None, None)
    return tuple(_sequence(half, case, part, dtype) for half, part in zip(halves, parts, strict=True))


def _sequence(layer: Any, case: Case, states: Any, dtype: str) -> np.ndarray:
    """The outputs of all steps of one direction: the same layer, told to return them.

    Unrolled only where the layer's own output is of all steps: else it would zero other ones (`Recurrent.unroll`).
    """
    told = {"return_sequences": True, "return_state": False, "unroll": layer.unroll and layer.return_sequences}
    before = {name: getattr(layer, name) for name in told}
    extra = {} if states is None else {"initial_state": [state.astype(dtype) for state in states]}
    extra |= {} if case.mask() is None else {"mask": case.mask()}
    try:
        for name, value in told.items():
            setattr(layer, name, value)
        return to_numpy(layer(_cast(case.inputs(), dtype), **extra))
    finally:
        for name, value in before.items():
            setattr(layer, name, value)


def needs_channels_last(layer: Any) -> bool:
    """Whether TensorFlow cannot run the layer on the CPU as it is: its convolutions want the channels last."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return first and "Conv" in type(layer).__name__ and keras_module().backend.backend() == "tensorflow"


def channels_last_twin(layer: Any) -> Callable[[Any], Any]:
    """The same Keras convolution with the channels moved, and the activation where the layer has it."""
    ops = keras_module().ops
    config = {**layer.get_config(), "data_format": "channels_last", "activation": None}
    twin = type(layer).from_config(config)

    def run(x: Any) -> Any:
        x = np.moveaxis(x, 1, -1)
        twin.build((None, *x.shape[1:]))
        twin.set_weights(layer.get_weights())
        return layer.activation(ops.moveaxis(twin(x), -1, 1))

    return run


def _cast(x: Any, dtype: str) -> Any:
    if isinstance(x, list):
        return [_cast(item, dtype) for item in x]
    return x.astype(dtype) if x.dtype.kind == "f" else x


def to_numpy(output: Any) -> Any:
    """Keras tensors as arrays, in tuples and lists alike."""
    if isinstance(output, list | tuple):
        return tuple(map(to_numpy, output))
    return np.asarray(keras_module().ops.convert_to_numpy(output))


def layer_spec(case: Case) -> LayerSpec:
    """The spec of the layer of a case, as it comes from a live Keras layer."""
    return _as_read(layer_spec_from_keras(keras_layer(case)))


def _as_read(spec: LayerSpec) -> LayerSpec:
    """The spec with texts in its config that are objects of their own, as those read from a file are."""
    return replace(spec, config=_own(spec.config))


def _own(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _own(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_own, value))
    return "".join(list(value)) if type(value) is str else value


def scratch_layer(layer: Any, case: Case) -> Layer:
    """The scratch layer of a Keras layer, with weights that nobody can write to."""
    scratch = build_layer(_as_read(layer_spec_from_keras(layer)), case.input_shape)
    for array in scratch.get_weights():
        array.setflags(write=False)
    return scratch


def call_arguments(case: Case) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """args, kwargs and mask of the call of a scratch layer."""
    states = case.states()
    if case.cell_states() is not None:
        return (case.inputs(), case.cell_states()), {}, None
    kwargs = case.arguments() if states is None else {**case.arguments(), "initial_state": states}
    return (case.inputs(),), kwargs, case.mask()
