"""A model file in Keras: loaded by it, or built of its layers."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DependencyError, OracleError
from ..keras_files.modern import LEGACY_HARD_SIGMOID, modern_config
from ..spec import ModelSpec
from .kernels import lacking, run_channels_first
from .structures import to_numpy
from .trace import KerasCall, inner_model, record_calls

# With oneDNN, TensorFlow 2.21's float32 Conv2D is wrong in a corner case on AVX-512 (docs/findings.md).
ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}


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


# Samples that Keras predicts at a time, a multiple of its batches of 32: it makes two copies of what it is given.
PIECE = 1024


class KerasModel:
    """A model of a file, in Keras.

    Files of Keras 3 are loaded by Keras. Those of Keras 1 and 2, which Keras 3 refuses or understands otherwise
    (hard_sigmoid is another function now), and those that Keras fails to load are built of fresh Keras layers from
    what scratchnn's reader found in them.

    Args:
        path: a file that `scratchnn.load_model` accepts.
        spec: what the reader found in it.

    Attributes:
        notes: how the model was made, where it was not Keras that loaded the file; what TensorFlow cannot run
            as it stands; and what `trace` found that it has no float64 for.

    Raises:
        DependencyError: Keras is not installed.
        OracleError: there is no such model in Keras.
    """

    def __init__(self, path: Path, spec: ModelSpec) -> None:
        self._keras, self._path, self._input_names = import_keras(), path, spec.input_names
        note = ""
        if spec.keras_version.startswith(("1", "2")):
            note = f"a file of Keras {spec.keras_version}: the reference is built of fresh Keras layers"
        else:
            try:
                self.model = self._keras.saving.load_model(path, compile=False, safe_mode=True)
            except Exception as error:  # whatever Keras raises: then its layers are asked
                reason = _first_line(error)
                note = f"Keras cannot load it ({reason}): the reference is built of fresh Keras layers"
        if note:
            self.model = self._built(spec)
        self.notes = [note] if note else []
        moved = run_channels_first(self._keras, self.model._flatten_layers())
        if moved:
            self.notes.append(
                f"TensorFlow has no channels_first for {', '.join(moved)} on the CPU: Keras ran them with the "
                "channels moved last"
            )

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

        Args:
            x: one batch of the input, or a list of one for each input in the order of the spec.

        Raises:
            OracleError: Keras fails.
        """
        x = self._named(x)
        with self._asked():
            self._forget()
            self.model.predict_on_batch(x)  # traces and compiles
            self._forget()
            start = time.perf_counter()
            output = self.model.predict_on_batch(x)
            return to_numpy(output), time.perf_counter() - start

    def predict_all(self, x: Any) -> Any:
        """The one output of the model for one input of any number of samples."""
        with self._asked():
            self._forget()
            starts = range(0, len(x), PIECE)
            return np.concatenate([to_numpy(self.model.predict(x[n : n + PIECE], verbose=0)) for n in starts])

    def trace(self, x: Any) -> list[KerasCall]:
        """Run the model on a batch and record each call of each of its layers.

        Args:
            x: as for `predict`.

        Raises:
            OracleError: Keras fails.
        """
        with self._asked(), self._legacy_names():
            self._forget()
            calls = record_calls(self._keras, self.model, self._named(x))
        without = sorted({"/".join(call.layer) for call in calls if call.lacks_float64})
        note = f"TensorFlow has no float64 for {', '.join(without)}: scratchnn's own float64 alone is the measure"
        if without and note not in self.notes:
            self.notes.append(note)
        return calls

    def _named(self, x: Any) -> Any:
        """The inputs by name where the model names them: a list Keras takes in the order of the sorted names."""
        values = x if isinstance(x, list) else [x]
        return dict(zip(self._input_names, values, strict=True)) if self._input_names else x

    def _forget(self) -> None:
        """Let stateful layers start from zeros."""
        for layer in self.model._flatten_layers():
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
                layer.reset_state()

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Whatever Keras raises while it runs becomes one typed error."""
        try:
            yield
        except Exception as error:
            without = lacking(error)
            if without is not None:
                raise OracleError(
                    f"{self._path}: TensorFlow has no {without[0]} of {without[1]} on the CPU, so Keras cannot "
                    "run it and there is nothing to compare with; another backend of Keras (KERAS_BACKEND) may"
                ) from error
            raise OracleError(f"{self._path}: Keras cannot run it: {_first_line(error)}") from error


def _set_weights(model: Any, spec: ModelSpec) -> None:
    """Give each layer of a Keras model the arrays of its spec."""
    for layer in spec.layers:
        if layer.model is not None:
            _set_weights(inner_model(model.get_layer(layer.name)), layer.model)
        elif layer.weights:
            model.get_layer(layer.name).set_weights([weight.value for weight in layer.weights])


def _first_line(error: Exception) -> str:
    """The kind of an error and what it says; Keras puts the reason behind a line about where it was raised."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # Keras writes in bold
    lines = [line for line in plain.splitlines() if line.strip() and "Exception encountered" not in line]
    return f"{type(error).__name__}: {lines[0].strip() if lines else ''}"
