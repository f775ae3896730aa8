"""`scratchnn verify`: is the model that NumPy runs the model that Keras runs?

Each layer gets the inputs that it had inside Keras's own run, so that its output shows the error that this layer
makes and not the error it was handed; then both run the whole model.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .agreement import Agreement, check_call
from .drawing import batch_size, random_inputs
from .errors import ScratchnnError
from .golden import is_golden, load_golden
from .layers.base import Layer
from .models.graph import Model, load_model
from .models.inputs import checked_inputs, listed_inputs
from .oracle import KerasCall, KerasModel
from .oracle.structures import to_numpy
from .outputs import OutputResult, compare_outputs, compare_recorded, compare_test_split

# Layers are compared on this many samples at a time, which bounds the memory of the traces.
TRACE_BATCH = 32


@dataclass(frozen=True)
class LayerResult:
    """How one layer did: its name, class, and its agreement over all batches."""

    name: str
    class_name: str
    agreement: Agreement


@dataclass(frozen=True)
class Verification:
    """The result for one model file.

    Attributes:
        path: the file.
        layers: one entry for each call of a layer, in order.
        outputs: comparisons of whole outputs.
        keras_seconds, scratch_seconds: of one run of the whole model on the same batch.
        error: why it could not be judged, or None.
        notes: what else the reader should know.
    """

    path: Path
    layers: Sequence[LayerResult] = ()
    outputs: Sequence[OutputResult] = ()
    keras_seconds: float = 0.0
    scratch_seconds: float = 0.0
    error: ScratchnnError | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def first_wrong(self) -> LayerResult | None:
        """The first layer that disagrees."""
        return next((layer for layer in self.layers if not layer.agreement.agrees), None)

    @property
    def agrees(self) -> bool:
        """Whether everything that was judged agrees."""
        return self.error is None and self.first_wrong is None and all(output.agrees for output in self.outputs)

    @property
    def exit_code(self) -> int:
        """0 all agree, 1 a disagreement, 2 could not be judged."""
        return 2 if self.error is not None else 0 if self.agrees else 1


def verify(
    path: Path,
    inputs: Any = None,
    samples: int = TRACE_BATCH,
    seed: int = 0,
    data_dir: Path | None = None,
    progress: Callable[[str, float], None] = lambda what, share: None,
) -> Verification:
    """Compare a model with Keras.

    Args:
        path: a model file, or a golden folder.
        inputs: what to run both on, as `Model.predict` takes it; None draws `samples` at random from `seed`.
        samples: how many samples to draw.
        seed: of the drawn samples.
        data_dir: where the data sets are, for the test split of a golden; None leaves that out.
        progress: told what is being done, and which share of it is done.
    """
    try:
        golden = load_golden(path) if is_golden(path) else None
        file = path if golden is None else golden.model_path
        model = load_model(file).stateless()  # both sides start each batch from zeros
        keras_model = KerasModel(file, model.spec)
        if inputs is None:
            inputs = random_inputs(model, samples, seed) if golden is None else golden.probe_inputs
        inputs = _in_order(model, inputs)
        layers = compare_layers(model, keras_model, inputs, progress)
        whole, keras_seconds, scratch_seconds = _compare_whole(model, keras_model, inputs)
        results, notes = [whole], list(keras_model.notes)
        if golden is not None:
            results += [compare_recorded(model, golden)]
            if data_dir is None:
                notes += ["SCRATCHNN_DATA is not set: the real test split was not compared"]
            else:
                progress("test split", 0)
                results += [compare_test_split(model, keras_model, golden, data_dir)]
    except ScratchnnError as error:
        return Verification(path, error=error)
    return Verification(path, layers, results, keras_seconds, scratch_seconds, notes=notes)


def compare_layers(
    model: Model, keras_model: KerasModel, inputs: Any, progress: Callable[[str, float], None]
) -> list[LayerResult]:
    """Compare each call of each layer on the inputs that it had inside Keras."""
    results: dict[tuple[tuple[str, ...], int], list[Agreement]] = {}
    samples, batch = _count(inputs), batch_size(model, TRACE_BATCH)
    for start in range(0, samples, batch):
        calls = keras_model.trace(_rows(inputs, start, start + batch))
        for place, call in enumerate(calls):
            progress(f"layer {'/'.join(call.layer)}", (start + batch * place / len(calls)) / samples)
            results.setdefault((call.layer, call.index), []).append(_check(model, call))
    return [
        LayerResult("/".join(path), _find(model, path)[1], max(agreements, key=_severity))
        for (path, _), agreements in results.items()
    ]


def _find(model: Any, path: tuple[str, ...]) -> tuple[Layer, str]:
    """The layer that a path of names leads to through nested models, and its Keras class."""
    for name in path[:-1]:
        layer = model.layer(name)
        model = getattr(layer, "layer", layer).model  # TimeDistributed holds the model as its `layer`
    return model.layer(path[-1]), model.spec.layer(path[-1]).class_name


def _severity(agreement: Agreement) -> tuple[bool, float]:
    return not agreement.agrees, agreement.ratio


def _check(model: Model, call: KerasCall) -> Agreement:
    states = call.kwargs.get("initial_state")  # one state may stand alone
    given = {"initial_state": [states]} if isinstance(states, np.ndarray) else {}
    return check_call(
        _find(model, call.layer)[0],
        call.args,
        {**call.kwargs, **given},
        call.mask,
        call.output,
        reference64=call.output64,
        sequence=call.sequence,
        sequence64=call.sequence64,
    )


def _compare_whole(model: Model, keras_model: KerasModel, inputs: Any) -> tuple[OutputResult, float, float]:
    """Both sides on the first batch of the inputs, with the time that each took."""
    batch = _rows(inputs, 0, batch_size(model, 256))
    expected, keras_seconds = keras_model.predict(batch)
    model.predict(batch)
    start = time.perf_counter()
    got = model.predict(batch)
    seconds = time.perf_counter() - start
    return compare_outputs("whole model", model, batch, expected, got), keras_seconds, seconds


def _in_order(model: Model, inputs: Any) -> Any:
    """The array of the one input, or a list of one for each in the order of the model, after a check of all.

    Mapped arrays are read: Keras is given none that it may not write to. Bytes are texts, as Keras's outputs are.
    """
    checked_inputs(model.spec, model.input_shapes, inputs)
    arrays = to_numpy([np.array(value) for value in listed_inputs(model.spec, inputs)])
    return arrays if len(arrays) > 1 else arrays[0]


def _count(inputs: Any) -> int:
    return len(inputs[0]) if isinstance(inputs, list) else len(inputs)


def _rows(inputs: Any, start: int, stop: int) -> Any:
    return [array[start:stop] for array in inputs] if isinstance(inputs, list) else inputs[start:stop]
