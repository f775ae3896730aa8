"""`scratchnn verify`: is the model that NumPy runs the model that Keras runs?

Each layer gets the inputs that it had inside Keras's own run, so that its output shows the error that this layer
makes and not the error it was handed; then both run the whole model.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .agreement import Agreement, check_call
from .agreement.sensitivity import output_tolerance, outputs
from .errors import InputError, ScratchnnError
from .golden import Golden, is_golden, load_golden
from .layers.base import Array, Layer
from .layers.embedding import Embedding
from .layers.text_vectorization import TextVectorization
from .models.graph import Model, load_model
from .oracle import KerasCall, KerasModel
from .spec import TensorRef, tensor_refs

# Layers are compared on this many samples at a time, which bounds the memory of the traces.
TRACE_BATCH = 32
# A size for an axis that the model leaves open.
OPEN_SIZE = 24


@dataclass(frozen=True)
class LayerResult:
    """How one layer did: its name, class, and its agreement over all batches."""

    name: str
    class_name: str
    agreement: Agreement


@dataclass(frozen=True)
class OutputResult:
    """How the outputs of the whole model compare.

    Attributes:
        what: which inputs, for the reader.
        samples: how many.
        max_error: largest |scratch - Keras|.
        ratio: largest distance of either side from the float64 result, over what float32 may do to this model.
        label_agreement: share of samples with the same label, or None where the output is no row of classes.
        exact_labels: whether every label must be the same.
        macro_f1: of Keras and of scratch, where the true labels are known.
        reports: both classification reports, where the true labels are known.
    """

    what: str
    samples: int
    max_error: float
    ratio: float
    label_agreement: float | None = None
    exact_labels: bool = False
    macro_f1: tuple[float, float] | None = None
    reports: tuple[str, str] | None = None

    @property
    def agrees(self) -> bool:
        """Whether both sides are near enough to the float64 result, and the labels are the same if they must."""
        return self.ratio <= 1 and not (self.exact_labels and self.label_agreement != 1.0)


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
        inputs: what to run both on; None draws `samples` at random from `seed`.
        samples: how many samples to draw.
        seed: of the drawn samples.
        data_dir: where the data sets are, for the test split of a golden; None leaves that out.
        progress: told what is being done, and which share of it is done.
    """
    try:
        golden = load_golden(path) if is_golden(path) else None
        file = path if golden is None else golden.model_path
        model = load_model(file)
        keras_model = KerasModel(file, model.spec)
        if inputs is None:
            inputs = random_inputs(model, samples, seed) if golden is None else golden.probe_inputs
        layers = compare_layers(model, keras_model, inputs, progress)
        whole, keras_seconds, scratch_seconds = _compare_whole(model, keras_model, inputs)
        results, notes = [whole], [keras_model.note] if keras_model.note else []
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


def random_inputs(model: Model, samples: int, seed: int) -> Any:
    """Seeded inputs that the model takes: ids where an Embedding reads them, texts, else normal numbers."""
    if samples < 1:
        raise InputError(f"samples: expected 1 or more, got {samples}")
    random = np.random.default_rng(seed)
    drawn = [
        _random_input(model, ref, tuple(OPEN_SIZE if n is None else n for n in shape[1:]), samples, random)
        for ref, shape in zip(model.spec.inputs, model.input_shapes, strict=True)
    ]
    return drawn if len(drawn) > 1 else drawn[0]


def _random_input(
    model: Model, ref: TensorRef, shape: tuple[int, ...], samples: int, random: np.random.Generator
) -> Array:
    readers = [model.layer(node.layer) for node in model.spec.nodes if ref in tensor_refs(node.args)]
    for reader in readers:
        if isinstance(reader, Embedding):
            return random.integers(0, len(reader.W), (samples, *shape), dtype=np.int32)
        if isinstance(reader, TextVectorization):
            words = random.choice([*reader.vocabulary[1:], "Zyzzyva,"], (samples, 12))
            return np.array([" ".join(row) for row in words])
    return random.standard_normal((samples, *shape), dtype=np.float32)


def compare_layers(
    model: Model, keras_model: KerasModel, inputs: Any, progress: Callable[[str, float], None]
) -> list[LayerResult]:
    """Compare each call of each layer on the inputs that it had inside Keras."""
    results: dict[tuple[tuple[str, ...], int], list[Agreement]] = {}
    samples = _count(inputs)
    for start in range(0, samples, TRACE_BATCH):
        calls = keras_model.trace(_rows(inputs, start, start + TRACE_BATCH))
        for place, call in enumerate(calls):
            progress(f"layer {'/'.join(call.layer)}", (start + TRACE_BATCH * place / len(calls)) / samples)
            results.setdefault((call.layer, call.index), []).append(_check(model, call))
    return [
        LayerResult("/".join(path), _find(model, path)[1], max(agreements, key=_severity))
        for (path, _), agreements in results.items()
    ]


def _find(model: Any, path: tuple[str, ...]) -> tuple[Layer, str]:
    """The layer that a path of names leads to through nested models, and its Keras class."""
    for name in path[:-1]:
        model = model.layer(name).model
    return model.layer(path[-1]), model.spec.layer(path[-1]).class_name


def _severity(agreement: Agreement) -> tuple[bool, float]:
    return not agreement.agrees, agreement.ratio


def _check(model: Model, call: KerasCall) -> Agreement:
    return check_call(
        _find(model, call.layer)[0],
        call.args,
        call.kwargs,
        call.mask,
        call.output,
        reference64=call.output64,
        sequence=call.sequence,
        sequence64=call.sequence64,
    )


def _compare_whole(model: Model, keras_model: KerasModel, inputs: Any) -> tuple[OutputResult, float, float]:
    """Both sides on the first batch of the inputs, with the time that each took."""
    batch = _rows(inputs, 0, 256)
    expected, keras_seconds = keras_model.predict(batch)
    model.predict(batch)
    start = time.perf_counter()
    got = model.predict(batch)
    seconds = time.perf_counter() - start
    return compare_outputs("whole model", model, batch, expected, got), keras_seconds, seconds


def compare_recorded(model: Model, golden: Golden) -> OutputResult:
    """Scratch against the outputs that were recorded in a golden; needs no Keras."""
    inputs = golden.probe_inputs
    result = compare_outputs("recorded probes", model, inputs, golden.probe_outputs, model.predict(inputs))
    return replace(result, exact_labels=True)


def compare_test_split(model: Model, keras_model: KerasModel, golden: Golden, data_dir: Path) -> OutputResult:
    """Both sides on the real test split, with the scores of both."""
    from sklearn.metrics import classification_report, f1_score

    inputs, labels = golden.test_split(data_dir)
    expected, got = keras_model.predict_all(inputs), model.predict(inputs)
    what = f"{golden.metrics['dataset']} test split"
    common: dict[str, Any] = {"labels": range(len(golden.class_names)), "zero_division": 0}
    f1, reports = [], []
    for side in (np.argmax(expected, axis=-1), np.argmax(got, axis=-1)):
        f1.append(float(f1_score(labels, side, average="macro", **common)))
        reports.append(
            str(classification_report(labels, side, target_names=golden.class_names, digits=4, **common))
        )
    return replace(
        compare_outputs(what, model, inputs, expected, got),
        exact_labels=True,
        macro_f1=(f1[0], f1[1]),
        reports=(reports[0], reports[1]),
    )


def compare_outputs(what: str, model: Model, inputs: Any, expected: Any, got: Any) -> OutputResult:
    """Both sides of the whole model against its float64 result.

    Args:
        what: which inputs these are, for the reader.
        model: the model, whose sensitivity to rounding sets the tolerance.
        inputs: what both sides were run on.
        expected: Keras's output or outputs.
        got: scratch's.
    """
    exact, tolerances = output_tolerance(model, inputs)
    ratio = error = 0.0
    sides = list(zip(exact, outputs(expected), outputs(got), strict=True))
    for (oracle, ours, theirs), tolerance in zip(sides, tolerances, strict=True):
        error = max(error, _largest_difference(ours, theirs))
        ratio = max(ratio, *(_largest_difference(oracle, side) / tolerance for side in (ours, theirs)))
    _, first, second = sides[0]
    agreement = None
    if len(sides) == 1 and first.ndim == 2 and first.shape[1] > 1:
        agreement = float(np.mean(np.argmax(first, axis=-1) == np.argmax(second, axis=-1)))
    return OutputResult(what, len(first), error, ratio, agreement)


def _largest_difference(expected: Array, got: Array) -> float:
    """Largest |got - expected|; infinite where shapes differ or a NaN stands on one side alone."""
    if expected.shape != got.shape:
        return float("inf")
    if expected.dtype.kind not in "fiub":
        return 0.0 if np.array_equal(expected, got) else float("inf")
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    with np.errstate(invalid="ignore"):
        differences = np.where(same, 0, np.abs(got - expected))
    return float(np.where(np.isnan(differences), np.inf, differences).max(initial=0))


def _count(inputs: Any) -> int:
    return len(inputs[0]) if isinstance(inputs, list) else len(inputs)


def _rows(inputs: Any, start: int, stop: int) -> Any:
    return [array[start:stop] for array in inputs] if isinstance(inputs, list) else inputs[start:stop]
