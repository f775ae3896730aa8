"""The Keras side of `verify`: the only module of this package that imports Keras, and only when it is called.

Keras is handed a file only after scratchnn's own reader has accepted all of it, and then without compiling and
in safe mode, since Keras has run code from crafted files (CVE-2025-1550, CVE-2025-9906).
"""

import copy
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

# With oneDNN, TensorFlow 2.21's float32 Conv2D is wrong in a corner case on AVX-512 (docs/findings.md).
ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}


# A layer as a function of positional arguments, keyword arguments and mask.
Call = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True)
class KerasCall:
    """One call of a layer inside a Keras model, with the values that Keras gave it.

    Attributes:
        layer: the layer's name.
        index: which call of that layer it is, from 0.
        args: positional arguments, as arrays (or lists of them).
        kwargs: keyword arguments other than mask and training.
        mask: the mask that Keras passed, or None.
        output: the float32 output or outputs.
        output64: the same in float64, or None where the layer has no float64 form.
        sequence, sequence64: the outputs of all steps of a recurrent layer that returned the last alone (for
            Bidirectional those of its forward and of its backward layer, in the order of reading).
    """

    layer: str
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
    """A model that Keras has loaded from a file.

    Args:
        path: a file that `scratchnn.load_model` accepts.

    Raises:
        DependencyError: Keras is not installed.
        OracleError: Keras cannot load the file.
    """

    def __init__(self, path: Path) -> None:
        keras = import_keras()
        try:
            self.model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # whatever Keras raises: it is Keras that could not be asked
            raise OracleError(f"{path}: Keras cannot load it: {_first_line(error)}") from error
        self._keras, self._path = keras, path

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
        layers = [layer for layer in self.model.layers if type(layer).__name__ != "InputLayer"]
        for layer in layers:
            layer.call = self._recorder(layer, calls)
        try:
            with self._asked():
                self.model(_to_tensor(self._keras, x), training=False)
        finally:
            for layer in layers:
                del layer.call
        return calls

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Whatever Keras raises while it runs becomes one typed error."""
        try:
            yield
        except Exception as error:
            raise OracleError(f"{self._path}: Keras cannot run it: {_first_line(error)}") from error

    def _recorder(self, layer: Any, calls: list[KerasCall]) -> Callable[..., Any]:
        """The layer's `call`, which also records what went in and came out."""
        original, count = layer.call, Counter[str]()
        twin = self._twin(layer, _in_float64)
        sequence, sequence64 = (self._sequences(layer, change) for change in (dict, _in_float64))

        def call(*args: Any, **kwargs: Any) -> Any:
            output = _to_numpy(result := original(*args, **kwargs))
            rest = {key: value for key, value in kwargs.items() if key not in ("mask", "training")}
            given = _to_numpy(args), _to_numpy(rest), _to_numpy(kwargs.get("mask"))
            again = (twin and twin(*given), sequence and sequence(*given), sequence64 and sequence64(*given))
            calls.append(KerasCall(layer.name, count["calls"], *given, output, *again))
            count["calls"] += 1
            return result

        return call

    def _twin(
        self, layer: Any, change: Callable[[Any], Any], **options: Any
    ) -> Callable[[Any, Any, Any], Any] | None:
        """A layer with the same weights and a changed config, as a function of args, kwargs and mask."""
        if not str(layer.compute_dtype).startswith("float"):
            return None
        serialized = self._keras.layers.serialize(layer)
        twin = self._keras.layers.deserialize(
            change({**serialized, "config": {**serialized["config"], **options}})
        )
        weights, dtype = layer.get_weights(), np.dtype(twin.compute_dtype)

        def call(args: Any, kwargs: Any, mask: Any) -> Any:
            args, kwargs = (
                _to_tensor(self._keras, _cast(args, dtype)),
                _to_tensor(self._keras, _cast(kwargs, dtype)),
            )
            if mask is not None:
                kwargs = {**kwargs, "mask": _to_tensor(self._keras, mask)}
            if not twin.built:
                twin.build(_map(lambda tensor: tuple(tensor.shape), args[0]))
            twin.set_weights(weights)
            return _to_numpy(twin(*args, **kwargs))

        return call

    def _sequences(self, layer: Any, change: Callable[[Any], Any]) -> Call | None:
        """The steps of a recurrent layer that returns the last alone, as a function of args, kwargs and mask."""
        if getattr(layer, "return_sequences", True):
            return None
        directions = [layer.forward_layer, layer.backward_layer] if hasattr(layer, "forward_layer") else [layer]
        twins = [
            self._twin(direction, change, return_sequences=True, return_state=False) for direction in directions
        ]

        def call(args: Any, kwargs: Any, mask: Any) -> Any:
            states = kwargs.get("initial_state")
            shares = [None] * len(twins) if states is None else np.array_split(np.arange(len(states)), len(twins))
            found = []
            for twin, share in zip(twins, shares, strict=True):
                own = {} if share is None else {"initial_state": [states[place] for place in share]}
                found.append(twin(args, own, mask) if twin is not None else None)
            return found if len(found) > 1 else found[0]

        return call


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
