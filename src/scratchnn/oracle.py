"""The Keras side of `verify`: the only module of this package that imports Keras, and only when it is called.

Keras is handed a file only after scratchnn's own reader has accepted all of it, and then without compiling and
in safe mode, since Keras has run code from crafted files (CVE-2025-1550, CVE-2025-9906).
"""

import copy
import inspect
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DependencyError, OracleError
from .keras_files.modern import LEGACY_HARD_SIGMOID, modern_config
from .spec import ModelSpec

# With oneDNN, TensorFlow 2.21's float32 Conv2D is wrong in a corner case on AVX-512 (docs/findings.md).
ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}


# A layer as a function of positional arguments, keyword arguments and mask.
Call = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True)
class KerasCall:
    """One call of a layer inside a Keras model, with the values that Keras gave it.

    Attributes:
        layer: the layer's name, behind the names of the nested models that it is in.
        index: which call of that layer it is, from 0.
        args: positional arguments, as arrays (or lists of them).
        kwargs: keyword arguments other than mask and training.
        mask: the mask that Keras passed, or None.
        output: the float32 output or outputs.
        output64: the same in float64, or None where the layer has no float64 form.
        sequence, sequence64: the outputs of all steps of a recurrent layer that returned the last alone (for
            Bidirectional those of its forward and of its backward layer, in the order of reading).
    """

    layer: tuple[str, ...]
    index: int
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    mask: Any
    output: Any
    output64: Any
    sequence: Any = None
    sequence64: Any = None


def import_keras() -> Any:
    """Keras, with its backend set up as an oracle.

    Raises:
        DependencyError: Keras or its backend is not installed.
    """
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    try:
        import keras
    except ImportError as error:
        raise DependencyError(
            f"verify compares with Keras, which is not installed ({error}): pip install 'scratchnn[keras]'"
        ) from error
    return keras


class KerasModel:
    """A model of a file, in Keras.

    Files of Keras 3 are loaded by Keras. Those of Keras 1 and 2, which Keras 3 refuses or understands otherwise
    (hard_sigmoid is another function now), and those that Keras fails to load are built of fresh Keras layers from
    what scratchnn's reader found in them.

    Args:
        path: a file that `scratchnn.load_model` accepts.
        spec: what the reader found in it.

    Attributes:
        note: how the model was made, where it was not Keras that loaded the file; else "".

    Raises:
        DependencyError: Keras is not installed.
        OracleError: there is no such model in Keras.
    """

    def __init__(self, path: Path, spec: ModelSpec) -> None:
        self._keras, self._path, self.note = import_keras(), path, ""
        if spec.keras_version.startswith(("1", "2")):
            self.note = f"a file of Keras {spec.keras_version}: the reference is built of fresh Keras layers"
        else:
            try:
                self.model = self._keras.saving.load_model(path, compile=False, safe_mode=True)
            except Exception as error:  # whatever Keras raises: then its layers are asked
                reason = _first_line(error)
                self.note = f"Keras cannot load it ({reason}): the reference is built of fresh Keras layers"
        if self.note:
            self.model = self._built(spec)

    def _built(self, spec: ModelSpec) -> Any:
        """The model from fresh Keras layers with the weights of the file."""
        with self._asked(), self._legacy_names():
            model = self._keras.saving.deserialize_keras_object(modern_config(spec))
            _set_weights(model, spec)
            return model

    def _legacy_names(self) -> Any:
        """A scope in which Keras knows the functions that only its older versions had."""

        def legacy_hard_sigmoid(x: Any) -> Any:
            return self._keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)

        return self._keras.saving.custom_object_scope({LEGACY_HARD_SIGMOID: legacy_hard_sigmoid})

    def predict(self, x: Any) -> tuple[Any, float]:
        """The model's output for a batch, and the seconds that a second call took.

        Raises:
            OracleError: Keras fails.
        """
        with self._asked():
            self.model.predict_on_batch(x)  # traces and compiles
            start = time.perf_counter()
            output = self.model.predict_on_batch(x)
            return _to_numpy(output), time.perf_counter() - start

    def predict_all(self, x: Any) -> Any:
        """The model's output for any number of samples."""
        with self._asked():
            return _to_numpy(self.model.predict(x, verbose=0))

    def trace(self, x: Any) -> list[KerasCall]:
        """Run the model on a batch and record each call of each of its layers.

        Args:
            x: one batch of input, as the model takes it.

        Raises:
            OracleError: Keras fails.
        """
        calls: list[KerasCall] = []
        leaves = list(_leaves(self.model))
        with self._asked(), self._legacy_names():
            for path, layer in leaves:
                layer.call = self._recorder(path, layer, calls)
            try:
                self.model(_to_tensor(self._keras, x), training=False)
            finally:
                for _, leaf in leaves:
                    for layer in (leaf, *_directions(leaf)):
                        vars(layer).pop("call", None)
        return calls

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Whatever Keras raises while it runs becomes one typed error."""
        try:
            yield
        except Exception as error:
            raise OracleError(f"{self._path}: Keras cannot run it: {_first_line(error)}") from error

    def _recorder(self, path: tuple[str, ...], layer: Any, calls: list[KerasCall]) -> Callable[..., Any]:
        """The layer's `call`, which also records what went in and came out."""
        twin, take_steps, count = self._float64_twin(layer), _show_steps(layer), Counter[str]()
        original = layer.call

        def call(*args: Any, **kwargs: Any) -> Any:
            output = original(*args, **kwargs)
            rest = {key: value for key, value in kwargs.items() if key not in ("mask", "training")}
            mask = kwargs.get("mask", _carried_masks(args))
            given = _to_numpy(args), _to_numpy(rest), _to_numpy(mask)
            output64, steps64 = twin(*given) if twin is not None else (None, None)
            record = KerasCall(path, count["calls"], *given, _to_numpy(output), output64, take_steps(), steps64)
            calls.append(record)
            count["calls"] += 1
            return output

        return call

    def _float64_twin(self, layer: Any) -> Call | None:
        """The same layer in float64: a function of args, kwargs and mask that gives output and steps."""
        dtype_name = getattr(layer, "compute_dtype", None)
        if dtype_name is None:  # an operation: it has neither weights nor a dtype of its own
            operation = layer.call
            return lambda args, kwargs, mask: (_to_numpy(operation(*self._wide(args), **self._wide(kwargs))), None)
        if not dtype_name.startswith("float"):
            return None
        twin = self._keras.layers.deserialize(_in_float64(self._keras.layers.serialize(layer)))
        weights, take_steps = layer.get_weights(), _show_steps(twin)

        def call(args: Any, kwargs: Any, mask: Any) -> Any:
            args, kwargs = self._wide(args), self._wide(kwargs)
            if isinstance(mask, list):
                _carry_masks(args[0], _to_tensor(self._keras, mask))
            elif mask is not None:
                kwargs = {**kwargs, "mask": _to_tensor(self._keras, mask)}
            if not twin.built:
                twin.build(_map(lambda tensor: tuple(tensor.shape), args[0]))
            twin.set_weights(weights)
            if weights and hasattr(twin, "finalize_state"):
                twin.finalize_state()  # Normalization works with a copy of its weights
            if "training" in inspect.signature(twin.call).parameters:
                kwargs = {**kwargs, "training": False}  # image augmentation takes it for granted that it trains
            return _to_numpy(twin(*args, **kwargs)), take_steps()

        return call

    def _wide(self, structure: Any) -> Any:
        """Arrays as tensors, floats among them in float64."""
        return _to_tensor(self._keras, _cast(structure, np.float64))


def _carried_masks(args: tuple[Any, ...]) -> list[Any] | None:
    """The masks that the tensors of a list carry, for a merge layer, which takes them from there; else None."""
    tensors = args[0] if args else None
    masks = [getattr(tensor, "_keras_mask", None) for tensor in tensors] if isinstance(tensors, list) else []
    return masks if any(mask is not None for mask in masks) else None


def _carry_masks(tensors: list[Any], masks: list[Any]) -> None:
    for tensor, mask in zip(tensors, masks, strict=True):
        if mask is not None:
            tensor._keras_mask = mask


def _directions(layer: Any) -> list[Any]:
    """The recurrent layers in a layer that returns the last of their outputs alone."""
    if getattr(layer, "return_sequences", True):
        return []
    return [layer.forward_layer, layer.backward_layer] if hasattr(layer, "forward_layer") else [layer]


def _show_steps(layer: Any) -> Callable[[], Any]:
    """Let a recurrent layer that returns its last output alone remember all of them.

    Returns:
        What takes the outputs of all steps of the last call (of both directions for Bidirectional), or None.
    """
    shown: list[Any] = []
    for direction in _directions(layer):
        direction.call = _stepwise(direction, direction.call, shown)

    def take() -> Any:
        found = _to_numpy(list(shown))
        shown.clear()
        return found if len(found) > 1 else found[0] if found else None

    return take


def _stepwise(layer: Any, original: Callable[..., Any], shown: list[Any]) -> Callable[..., Any]:
    """The layer's `call`, run with return_sequences; it returns the last output as before."""

    def call(*args: Any, **kwargs: Any) -> Any:
        layer.return_sequences = True
        try:
            result = original(*args, **kwargs)
        finally:
            layer.return_sequences = False
        steps, *states = result if layer.return_state else (result,)
        shown.append(steps)
        return (steps[:, -1], *states) if layer.return_state else steps[:, -1]

    return call


def _leaves(model: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All layers and operations of a model that are not models themselves, with the names that lead to them."""
    for operation in getattr(model, "operations", None) or model.layers:
        if hasattr(_inner_model(operation), "get_layer"):
            yield from _leaves(_inner_model(operation), (*path, operation.name))
        elif type(operation).__name__ != "InputLayer":
            yield (*path, operation.name), operation


def _inner_model(layer: Any) -> Any:
    """The layer itself, or what TimeDistributed applies to each step."""
    return layer.layer if type(layer).__name__ == "TimeDistributed" else layer


def _set_weights(model: Any, spec: ModelSpec) -> None:
    """Give each layer of a Keras model the arrays of its spec."""
    for layer in spec.layers:
        if layer.model is not None:
            _set_weights(_inner_model(model.get_layer(layer.name)), layer.model)
        elif layer.weights:
            model.get_layer(layer.name).set_weights([weight.value for weight in layer.weights])


def _first_line(error: Exception) -> str:
    """The kind of an error and what it says; Keras puts the reason behind a line about where it was raised."""
    lines = [line for line in str(error).splitlines() if line.strip() and "Exception encountered" not in line]
    return f"{type(error).__name__}: {lines[0].strip() if lines else ''}"


def _in_float64(config: Any) -> Any:
    """A serialized layer with every dtype of it, and of the layers inside it, float64."""
    if isinstance(config, Mapping):
        return {key: "float64" if key == "dtype" else _in_float64(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(map(_in_float64, config))
    return copy.copy(config)


def _map(function: Callable[[Any], Any], structure: Any) -> Any:
    """The structure of tuples, lists and dicts with the function applied to its leaves."""
    if isinstance(structure, Mapping):
        return {key: _map(function, value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(_map(function, value) for value in structure)
    return function(structure)


def _to_numpy(structure: Any) -> Any:
    """Tensors as arrays; everything else as it is."""
    return _map(lambda leaf: np.asarray(leaf) if hasattr(leaf, "shape") else leaf, structure)


def _to_tensor(keras: Any, structure: Any) -> Any:
    """Arrays as tensors; texts go to Keras as they are."""

    def convert(leaf: Any) -> Any:
        numeric = isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fiub"
        return keras.ops.convert_to_tensor(leaf) if numeric else leaf

    return _map(convert, structure)


def _cast(structure: Any, dtype: Any) -> Any:
    """Float arrays in that dtype; everything else as it is."""

    def cast(leaf: Any) -> Any:
        return leaf.astype(dtype) if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f" else leaf

    return _map(cast, structure)
