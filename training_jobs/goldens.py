"""Make golden models from finished runs; see golden/README.md for what each file promises."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.datasets import (
    LABELS,
    SEQUENCE_LENGTH,
    DatasetName,
    Split,
    TrainingData,
    fingerprint,
    model_inputs,
)
from scratchnn.datasets.text import vocabulary_size, write_vocabulary
from training_jobs.experiments import Variation
from training_jobs.jobs import Job, cached_data, do_jobs
from training_jobs.keras_models import IMAGE_SHAPE, configure_tensorflow
from training_jobs.manifest import write_manifest
from training_jobs.run_store import FinishedRun, finished_runs, move_folder, write_folder, write_json
from training_jobs.training import HISTORY, MODEL, classification_metrics

if TYPE_CHECKING:
    import keras

GOLDEN = "golden.npz"
METRICS = "metrics.json"
VOCABULARY = "vocabulary.txt"
GOLDEN_SEED = 0
_BAND_SEEDS = 3
PROBES = 16
_PROBE_SEED = 20_250_601
# On CIFAR-10 only the first 1,000 test images are promised: there every copy of the data set has
# the same pixels, also those that went through a lossy format elsewhere.
TEST_LIMIT: dict[DatasetName, int | None] = {"cifar10": 1_000, "nusax": None}


def probe_inputs(dataset: DatasetName, vocabulary: int) -> np.ndarray:
    """Return seeded synthetic inputs, no row of any data set.

    Args:
        dataset: whose kind of input is meant.
        vocabulary: number of token ids (for "nusax").

    Returns:
        (16, 32, 32, 3) float32 in [0, 1), or (16, 100) int32: from 1 to 100 ids, then padding.
    """
    generator = np.random.default_rng(_PROBE_SEED)
    if dataset == "cifar10":
        return generator.random((PROBES, *IMAGE_SHAPE), dtype=np.float32)
    ids = generator.integers(1, vocabulary, (PROBES, SEQUENCE_LENGTH), dtype=np.int32)
    # The shortest and the longest text are always among the probes.
    lengths = np.linspace(1, SEQUENCE_LENGTH, PROBES).astype(int)
    return np.where(np.arange(SEQUENCE_LENGTH) < lengths[:, None], ids, np.int32(0))


def write_golden(run: FinishedRun, data: TrainingData, target: Path, band: Band | None = None) -> None:
    """Make a golden folder from a finished run; the folder appears, or is replaced, by a rename."""
    write_folder(target, lambda folder: _write(folder, run, data, band))


@dataclass(frozen=True)
class Band:
    """Where the macro-F1 of a retrained model should lie, on the whole test split."""

    low: float
    high: float
    seeds: int


def band_of(scores: Sequence[float]) -> Band | None:
    """Return the band of one score a seed: three standard deviations around the mean, from 3 seeds."""
    if len(scores) < _BAND_SEEDS:
        return None
    mean, spread = statistics.fmean(scores), 3 * statistics.stdev(scores)
    return Band(max(0.0, mean - spread), min(1.0, mean + spread), len(scores))


class StagedGoldens:
    """Goldens made anew, in a folder beside the ones they would replace."""

    def __init__(self, staging: Path, root: Path, names: list[str]) -> None:
        self._staging, self._root, self._names = staging, root, names

    def drifts(self) -> Iterator[str]:
        """Yield, for each golden, how the new one differs from the one that is there."""
        for name in self._names:
            yield f"{name}: {describe_drift(self._root / name, self._staging / name)}"

    def replace(self) -> None:
        """Put the new goldens in place, each by a rename, and then the manifest of them all."""
        for name in self._names:
            move_folder(self._staging / name, self._root / name)
        write_manifest(self._root)


@contextmanager
def staged_goldens(
    variations: list[Variation], root: Path, data_dir: Path | None, runs: Path
) -> Iterator[StagedGoldens]:
    """Make the goldens of these variations in a temporary folder of `root`, dropped at the end.

    A run of seed 0 that is not finished yet is trained first.
    """
    # Trained in processes of their own: training uses oneDNN, and the golden outputs must not.
    jobs = [Job(variation, GOLDEN_SEED, data_dir, runs) for variation in variations]
    trained = {run.record()["name"]: run for run in do_jobs(jobs, workers=1)}
    configure_tensorflow(onednn=False)
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".staging-", dir=root) as staging:
        for variation in variations:
            data = cached_data(variation.dataset, data_dir)
            seeds = {
                run.record()["seed"]: run.record()["test"]["macro_f1"] for run in finished_runs(variation, runs)
            }
            band = band_of(list(seeds.values()))
            write_golden(trained[variation.name], data, Path(staging) / variation.name, band)
        yield StagedGoldens(Path(staging), root, [variation.name for variation in variations])


def describe_drift(old: Path, new: Path) -> str:
    """Return in words how far a new golden is from the old one: outputs, labels, F1, last losses."""
    if not (old / METRICS).is_file():
        return "new"
    with np.load(old / GOLDEN) as earlier, np.load(new / GOLDEN) as later:
        parts = [_output_drift(earlier, later), _label_drift(earlier, later)]
    before, after = (json.loads((folder / METRICS).read_text(encoding="utf-8")) for folder in (old, new))
    losses = " -> ".join(_last_losses(folder / HISTORY) for folder in (old, new))
    change = after["macro_f1"] - before["macro_f1"]
    parts.append(f"macro-F1 {before['macro_f1']:.4f} -> {after['macro_f1']:.4f} ({change:+.4f})")
    parts.append(f"last loss {losses}")
    parts += _band_drift(before.get("band"), after["training"]["test"]["macro_f1"])
    return "; ".join(parts)


def _band_drift(band: Mapping[str, float] | None, score: float) -> list[str]:
    """Return whether the new score on the whole test split lies where the old golden promised."""
    if band is None:
        return []
    place = "inside" if band["low"] <= score <= band["high"] else "OUTSIDE"
    return [f"{place} the band {band['low']:.3f} to {band['high']:.3f}"]


def _output_drift(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]) -> str:
    old, new = before["probe_outputs"], after["probe_outputs"]
    same_probes = np.array_equal(before["probe_inputs"], after["probe_inputs"])
    if not same_probes or old.shape != new.shape:
        return "other probes"
    return f"probe outputs differ by {np.abs(new - old).max():.2g} at most"


def _label_drift(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]) -> str:
    old, new = before["test_predictions"], after["test_predictions"]
    if not np.array_equal(before["test_labels"], after["test_labels"]):
        return "another test split"
    return f"label agreement {np.mean(old == new):.4f}"


def _last_losses(history: Path) -> str:
    """Return the loss of the last epoch, with the validation loss where there was one: 0.1234 (0.5678)."""
    with history.open(encoding="utf-8", newline="") as stream:
        last = list(csv.DictReader(stream))[-1]
    validation = f" (validation {float(last['val_loss']):.4f})" if "val_loss" in last else ""
    return f"{float(last['loss']):.4f}{validation}"


def _write(folder: Path, run: FinishedRun, data: TrainingData, band: Band | None) -> None:
    import keras

    shutil.copy2(run.folder / MODEL, folder / MODEL)
    shutil.copy2(run.folder / HISTORY, folder / HISTORY)
    if data.vocabulary:
        write_vocabulary(folder / VOCABULARY, data.vocabulary)
    test = data.test.head(TEST_LIMIT[data.name])
    arrays = _golden_arrays(keras.models.load_model(folder / MODEL), test, data)
    np.savez_compressed(folder / GOLDEN, **arrays)
    banded = {"band": None if band is None else dataclasses.asdict(band)}
    write_json(folder / METRICS, {**_metrics(run.record(), test, data, arrays), **banded})


def _golden_arrays(model: keras.Model, test: Split, data: TrainingData) -> dict[str, Any]:
    probes = probe_inputs(data.name, vocabulary_size(data.vocabulary))
    probabilities = model.predict(model_inputs(test.inputs), verbose=0)
    return {
        "probe_inputs": probes,
        "probe_outputs": model.predict(probes, verbose=0),
        "test_labels": test.labels,
        "test_probabilities": probabilities,
        "test_predictions": probabilities.argmax(axis=-1),
    }


def _metrics(record: dict[str, Any], test: Split, data: TrainingData, arrays: dict[str, Any]) -> dict[str, Any]:
    preprocessing = (
        {"sequence_length": SEQUENCE_LENGTH, "vocabulary": VOCABULARY} if data.vocabulary else {"scale": 255}
    )
    return {
        "dataset": data.name,
        "split": "test",
        "limit": TEST_LIMIT[data.name],
        "rows": len(test.labels),
        "labels": list(LABELS[data.name]),
        **preprocessing,
        **classification_metrics(test.labels, arrays["test_probabilities"]),
        "test_fingerprint": fingerprint(test.inputs, test.labels),
        "training": record,
    }
