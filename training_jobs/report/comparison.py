"""Run every golden model from scratch on the real test split, beside what Keras gave there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import scratchnn
from scratchnn.golden import is_golden, load_golden
from scratchnn.outputs import compare_outputs
from training_jobs.training import classification_metrics


@dataclass(frozen=True)
class GoldenComparison:
    """Keras and scratch on one golden's test split.

    Attributes:
        rows: compared.
        difference: the largest absolute difference of a probability.
        share_of_bound: how far the worse side is from the float64 result, over what float32 may do.
        keras_report: scikit-learn's classification report of Keras's labels; scratch_report of ours.
    """

    name: str
    rows: int
    keras_macro_f1: float
    scratch_macro_f1: float
    label_agreement: float
    difference: float
    share_of_bound: float
    keras_report: str
    scratch_report: str


def compare_goldens(root: Path, data_dir: Path | None) -> list[GoldenComparison]:
    """Return the comparison of every golden below `root`, by name.

    Raises:
        DataError: a data set is missing, or is another one than the goldens were made with.
    """
    return [_compare(folder, data_dir) for folder in sorted(root.glob("*")) if is_golden(folder)]


def _compare(folder: Path, data_dir: Path | None) -> GoldenComparison:
    golden = load_golden(folder)
    inputs, labels = golden.test_split(data_dir)
    model = scratchnn.load_model(golden.model_path)
    theirs, ours = golden.test_probabilities, model.predict(inputs)
    result = compare_outputs("test split", model, inputs, theirs, ours)
    return GoldenComparison(
        name=folder.name,
        rows=len(labels),
        keras_macro_f1=classification_metrics(labels, theirs)["macro_f1"],
        scratch_macro_f1=classification_metrics(labels, ours)["macro_f1"],
        label_agreement=float(np.mean(ours.argmax(-1) == theirs.argmax(-1))),
        difference=result.max_error,
        share_of_bound=result.ratio,
        keras_report=_classification_report(labels, theirs, golden.class_names),
        scratch_report=_classification_report(labels, ours, golden.class_names),
    )


def _classification_report(labels: np.ndarray, probabilities: np.ndarray, names: list[str]) -> str:
    from sklearn.metrics import classification_report

    predicted = probabilities.argmax(-1)
    report = classification_report(
        labels, predicted, labels=range(len(names)), target_names=names, digits=4, zero_division=0
    )
    return str(report)
