"""Train one variation with one seed: seeded, checkpointed at each epoch, resumable.

Everything random in an epoch - the order of the rows, Dropout's masks - is drawn from (seed,
epoch), and a checkpoint holds the optimizer too. So a run that was killed and resumed ends with the same
weights, bit for bit, as one that was not.
"""

from __future__ import annotations

import csv
import json
import math
import platform
import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.datasets import Split, TrainingData, model_inputs
from training_jobs.augmentation import augment, draw_changes, hide_words
from training_jobs.errors import RunError
from training_jobs.experiments import Training
from training_jobs.keras_models import build_model, compile_model, without_optimizer
from training_jobs.run_store import (
    RECORD,
    Checkpoints,
    FinishedRun,
    RunKey,
    find_finished,
    open_partial,
    training_versions,
    write_folder,
    write_json,
)
from training_jobs.splits import fitting_splits

if TYPE_CHECKING:
    import keras

MODEL = "model.keras"
HISTORY = "history.csv"
OUTPUTS = "outputs.npz"
_CHECKPOINT_STATE = "state.json"
_CHECKPOINT_BEST = "best.npz"
_MAX_BUILDS = 10
HISTORY_COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy")

Progress = Callable[[str], None]


@dataclass
class _State:
    """What a checkpoint remembers beside the model.

    Attributes:
        seconds: trained so far.
        history: one row an epoch.
        best: the weights of the epoch of least validation loss; kept for early stopping only.
    """

    seconds: float
    history: list[dict[str, float]]
    best: list[np.ndarray] | None = None

    def epochs_since_best(self) -> int:
        """Return how many epochs came after the one of least validation loss (the first such)."""
        losses = [row["val_loss"] for row in self.history]
        return len(losses) - 1 - losses.index(min(losses))


def train_run(key: RunKey, data: TrainingData, root: Path, progress: Progress = lambda _: None) -> FinishedRun:
    """Train a run to its end, or return it when it is finished already.

    Args:
        key: variation, seed and data of the run.
        data: the data set that `key` has the fingerprint of.
        root: the folder of runs.
        progress: called with a short text after each epoch.

    Raises:
        RunError: another process trains this run now.
    """
    if (finished := find_finished(key, root)) is not None:
        return finished
    with open_partial(key, root) as checkpoints:
        if (finished := find_finished(key, root)) is None:
            finished = _train(key, data, key.folder(root), checkpoints, progress)
    shutil.rmtree(checkpoints.folder, ignore_errors=True)
    return finished


def _train(
    key: RunKey, data: TrainingData, target: Path, checkpoints: Checkpoints, progress: Progress
) -> FinishedRun:
    training = key.variation.training
    train, validation = fitting_splits(data, training, key.seed)
    model, state = _start(key, data, train, checkpoints)
    while not _is_over(state, training):
        began = time.monotonic()
        epoch = len(state.history)
        state.history.append(_fit_epoch(model, key, train, validation, epoch))
        if training.patience is not None and state.epochs_since_best() == 0:
            state.best = model.get_weights()
        state.seconds += time.monotonic() - began
        _save_checkpoint(checkpoints, model, state)
        progress(f"{key.variation.name} seed {key.seed} epoch {epoch + 1}/{training.epochs}")
    if state.best is not None:
        model.set_weights(state.best)
    write_folder(target, lambda folder: _write_result(folder, key, data, validation, model, state))
    return FinishedRun(target)


def _is_over(state: _State, training: Training) -> bool:
    stopped = training.patience is not None and bool(state.history)
    if stopped and state.epochs_since_best() >= (training.patience or 0):
        return True
    return len(state.history) >= training.epochs


def _start(
    key: RunKey, data: TrainingData, train: Split, checkpoints: Checkpoints
) -> tuple[keras.Sequential, _State]:
    """Return the model and its state, new or as the newest checkpoint has them."""
    import keras

    if (folder := checkpoints.latest()) is None:
        model = _seeded_model(key, data, train)
        compile_model(model, key.variation.training, len(train.labels))
        return model, _State(0.0, [])
    state = _State(**json.loads((folder / _CHECKPOINT_STATE).read_text(encoding="utf-8")))
    if (folder / _CHECKPOINT_BEST).exists():
        with np.load(folder / _CHECKPOINT_BEST) as arrays:
            state.best = [arrays[name] for name in arrays.files]
    return keras.models.load_model(folder / MODEL), state


def _seeded_model(key: RunKey, data: TrainingData, train: Split) -> keras.Sequential:
    """Return the untrained model with the weights of this seed.

    Keras draws the seeds of a model's weights from Python's own generator, which all threads of a
    process share, and those of a Dask worker use. So the model is built until two builds in a row
    leave the generator in the same state: nobody else has drawn from it in between.
    """
    import keras

    state = None
    for _ in range(_MAX_BUILDS):
        keras.utils.clear_session(free_memory=False)  # layers of each build are named alike
        keras.utils.set_random_seed(key.seed)
        model = build_model(key.variation, data, train.inputs)
        before, state = state, random.getstate()
        if state == before:
            return model
    raise RunError(f"{key.variation.name}: other threads draw random numbers all the time; no seed can hold")


def _save_checkpoint(checkpoints: Checkpoints, model: keras.Model, state: _State) -> None:
    def write(folder: Path) -> None:
        model.save(folder / MODEL)
        write_json(folder / _CHECKPOINT_STATE, {"seconds": state.seconds, "history": state.history})
        if state.best is not None:
            np.savez(folder / _CHECKPOINT_BEST, *state.best)

    checkpoints.save(len(state.history), write)


def _fit_epoch(
    model: keras.Model, key: RunKey, train: Split, validation: Split | None, epoch: int
) -> dict[str, float]:
    """Train one epoch; return loss and accuracy on the fitted and the validating rows."""
    generator = np.random.default_rng([key.seed, epoch])
    order = generator.permutation(len(train.labels))
    _seed_dropout(model, generator)
    fitted = model.fit(
        _batches(train, order, key.variation.training, generator),
        validation_data=None if validation is None else (model_inputs(validation.inputs), validation.labels),
        shuffle=False,  # `order` has done it, the same way in a resumed run
        verbose=0,
    )
    return {name: float(fitted.history[name][0]) for name in HISTORY_COLUMNS if name in fitted.history}


def _seed_dropout(model: keras.Model, generator: np.random.Generator) -> None:
    """Give each Dropout a new state: Keras saves them with a model, but does not load them."""
    for layer in model.layers:
        if hasattr(layer, "seed_generator"):
            state = layer.seed_generator.state
            state.assign(generator.integers(2**31, size=state.shape).astype(state.dtype))


def _batches(
    split: Split, order: np.ndarray, training: Training, generator: np.random.Generator
) -> keras.utils.PyDataset:
    """Return the rows in this order, converted batch by batch: all of CIFAR-10 as floats is 600 MB."""
    import keras

    size = training.batch_size
    # Drawn at once, and not as a batch is asked for: Keras may ask in any order, and twice.
    changes = draw_changes(len(order), generator) if training.augment else None
    share = training.hidden_words
    rows = hide_words(split.inputs, share, generator) if share else split.inputs

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
        """The split's rows in order."""

        def __len__(self) -> int:
            return math.ceil(len(order) / size)

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            chosen = slice(index * size, (index + 1) * size)
            inputs = rows[order[chosen]]
            if changes is not None:
                inputs = augment(inputs, changes[chosen])
            return model_inputs(inputs), split.labels[order[chosen]]

    return Batches()


def predict(model: keras.Model, split: Split) -> np.ndarray:
    """Return the model's probabilities for a split: (rows, classes) float32."""
    return np.asarray(model.predict(model_inputs(split.inputs), verbose=0))


def classification_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return accuracy and macro-F1 of the labels of greatest probability."""
    from sklearn.metrics import accuracy_score, f1_score

    predicted = probabilities.argmax(axis=-1)
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
    }


def _write_result(
    folder: Path,
    key: RunKey,
    data: TrainingData,
    validation: Split | None,
    model: keras.Sequential,
    state: _State,
) -> None:
    bare = without_optimizer(model)
    bare.save(folder / MODEL)
    splits = {} if validation is None else {"validation": validation}
    if not key.variation.trial:
        splits["test"] = data.test.head(key.variation.training.max_rows)
    outputs: dict[str, np.ndarray] = {}
    scores = {}
    for name, split in splits.items():
        probabilities = predict(bare, split)
        outputs |= {f"{name}_probabilities": probabilities, f"{name}_labels": split.labels}
        scores[name] = classification_metrics(split.labels, probabilities)
    np.savez_compressed(folder / OUTPUTS, **outputs)  # type: ignore[arg-type]  # its stub takes no **
    write_history(folder / HISTORY, state.history)
    write_json(
        folder / RECORD,
        {
            "name": key.variation.name,
            "seed": key.seed,
            "settings": key.variation.settings(),
            "settings_digest": key.variation.digest(),
            "data_fingerprint": key.data_fingerprint,
            "versions": {**training_versions(), "python": platform.python_version()},
            "platform": f"{platform.system()} {platform.machine()}",
            "parameters": int(bare.count_params()),
            "seconds": round(state.seconds, 2),
            **scores,
        },
    )


def write_history(path: Path, history: list[Mapping[str, float]] | list[dict[str, float]]) -> None:
    """Write one line an epoch: epoch, loss, accuracy and, where rows validated, val_loss, val_accuracy."""
    names = [name for name in HISTORY_COLUMNS if name in history[0]]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer: Any = csv.writer(stream, lineterminator="\n")
        writer.writerow(["epoch", *names])
        for epoch, row in enumerate(history, start=1):
            writer.writerow([epoch, *(repr(row[name]) for name in names)])
