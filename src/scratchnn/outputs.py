"""How the outputs of a whole model compare: with Keras's run, with recorded ones, on a real test split."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .agreement.sensitivity import Tolerance, output_tolerance, outputs
from .golden import Golden
from .layers.base import Array
from .models.graph import Model
from .oracle import KerasModel


@dataclass(frozen=True)
class OutputResult:
    """How the outputs of the whole model compare.

    Attributes:
        what: which inputs, for the reader.
        samples: how many.
        max_error: largest |scratch - Keras|.
        ratio: largest distance of either side from the float64 result (or of the sides from each other, where that
            is less), over what float32 may do to that output of this model.
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
        """Whether both sides are near enough, and the labels are the same if they must."""
        return self.ratio <= 1 and not (self.exact_labels and self.label_agreement != 1.0)


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
    sides = list(zip(exact, outputs(expected), outputs(got), strict=True))
    error = max(float(_distances(ours, theirs).max()) for _, ours, theirs in sides)
    ratio = max(_ratio(*side, tolerance) for side, tolerance in zip(sides, tolerances, strict=True))
    _, first, second = sides[0]
    agreement = None
    if len(sides) == 1 and first.ndim == 2 and first.shape[1] > 1:
        agreement = float(np.mean(np.argmax(first, axis=-1) == np.argmax(second, axis=-1)))
    return OutputResult(what, len(first), error, ratio, agreement)


def _ratio(oracle: Array, expected: Array, got: Array, tolerance: Tolerance) -> float:
    """The larger distance of the two sides from the float64 result, in units of the tolerance.

    Where both sides left it together, by overflow or on the other side of a threshold, what counts is how far they
    are from each other.
    """
    if not oracle.shape == expected.shape == got.shape:
        return float("inf")
    apart = np.maximum(_distances(oracle, expected), _distances(oracle, got))
    return tolerance.ratio(np.minimum(apart, _distances(expected, got)))


def _distances(expected: Array, got: Array) -> Array:
    """|got - expected|; infinite where a NaN or infinity stands on one side alone, and where texts differ."""
    if expected.shape != got.shape:
        return np.full((), np.inf)
    if expected.dtype.kind not in "fiub":
        return np.where(expected == got, 0.0, np.inf)
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    with np.errstate(invalid="ignore"):
        differences = np.where(same, 0.0, np.abs(got - expected))
    return np.where(np.isnan(differences), np.inf, differences)
