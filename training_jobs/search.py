"""Search for the best model of a family: learning rate, optimizer, batch size, and more for recurrent ones.

Optuna proposes, and each proposal is a run like any other, in the folder of runs. The proposals
follow from the seed and from the results so far, so a search that was stopped and is started again
proposes the same, finds those runs finished, and goes on behind them. The test split is never
looked at: the objective is the least loss on the validation split.
"""

from __future__ import annotations

import csv
import dataclasses
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from training_jobs.experiments import BEST, CNN_BEST, Family, Recurrent, Training, Variation
from training_jobs.jobs import Job, do_job
from training_jobs.run_store import FinishedRun
from training_jobs.training import HISTORY

if TYPE_CHECKING:
    import optuna

_SAMPLER_SEED = 0
# The validation split of NusaX has 100 rows, and one seed's loss on it is mostly chance.
_SEEDS: dict[Family, tuple[int, ...]] = {"cnn": (0,), "rnn": (0, 1, 2), "lstm": (0, 1, 2)}
_MAX_EPOCHS = 30
_PATIENCE = 4
_CNN_EPOCHS = 4
_CNN_ROWS = 4_000


@dataclass(frozen=True)
class Trial:
    """One proposal and its least validation loss, as the mean of the seeds."""

    variation: Variation
    validation_loss: float


def search(family: Family, trials: int, train: Callable[[Variation, int], FinishedRun]) -> list[Trial]:
    """Return the trials, best first.

    Args:
        family: "cnn", "rnn" or "lstm".
        trials: how many proposals are trained.
        train: trains a variation with a seed, or finds its finished run.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    done: list[Trial] = []

    def objective(trial: optuna.Trial) -> float:
        variation = propose(trial, family)
        losses = [least_validation_loss(train(variation, seed).folder / HISTORY) for seed in _SEEDS[family]]
        done.append(Trial(variation, statistics.fmean(losses)))
        return done[-1].validation_loss

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=_SAMPLER_SEED))
    # What the table has now is the first proposal, so that the others are compared with it on equal terms.
    study.enqueue_trial(_present_settings(family))
    study.optimize(objective, n_trials=trials)
    return sorted(done, key=lambda trial: trial.validation_loss)


def _present_settings(family: Family) -> dict[str, Any]:
    (best,) = (variation for variation in BEST if variation.family == family)
    return {**dataclasses.asdict(best.architecture), **dataclasses.asdict(best.training)}


def propose(trial: optuna.Trial, family: Family) -> Variation:
    """Return the variation that a trial proposes."""
    variation = _propose_cnn(trial) if family == "cnn" else _propose_recurrent(trial, family)
    return dataclasses.replace(variation, tag=f"search_{family}_{variation.digest()[:8]}", trial=True)


def _propose_cnn(trial: optuna.Trial) -> Variation:
    """Propose how the architecture of the best CNN is trained, on few images for few epochs."""
    training = Training(
        epochs=_CNN_EPOCHS,
        batch_size=trial.suggest_categorical("batch_size", [32, 64, 128]),
        learning_rate=_suggest_learning_rate(trial, 3e-4, 1e-2),
        max_rows=_CNN_ROWS,
        optimizer=_suggest_optimizer(trial),
        cosine=True,
        augment=True,
    )
    return Variation(CNN_BEST.architecture, training)


def _propose_recurrent(trial: optuna.Trial, cell: Literal["rnn", "lstm"]) -> Variation:
    """Propose a small model of both directions, masked, much regularized, with early stopping."""
    architecture = Recurrent(
        cell,
        layers=1,
        units=trial.suggest_categorical("units", [16, 32, 64]),
        bidirectional=True,
        mask_zero=True,
        embedding_dim=trial.suggest_categorical("embedding_dim", [64, 128, 256]),
        dropout=trial.suggest_categorical("dropout", [0.5, 0.7]),
        embedding_dropout=trial.suggest_categorical("embedding_dropout", [0.0, 0.3, 0.5]),
        word_dropout=trial.suggest_categorical("word_dropout", [0.0, 0.2, 0.4]),
        l2=trial.suggest_categorical("l2", [0.0, 1e-4, 1e-3]),
        pooling="average",
    )
    training = Training(
        epochs=_MAX_EPOCHS,
        batch_size=trial.suggest_categorical("batch_size", [16, 32]),
        learning_rate=_suggest_learning_rate(trial, 1e-3, 1e-2),
        optimizer=_suggest_optimizer(trial),
        patience=_PATIENCE,
    )
    return Variation(architecture, training)


def _suggest_learning_rate(trial: optuna.Trial, low: float, high: float) -> float:
    # Two digits, so that the settings can be read, and be written down in the table.
    return float(f"{trial.suggest_float('learning_rate', low, high, log=True):.1e}")


def _suggest_optimizer(trial: optuna.Trial) -> Any:
    return trial.suggest_categorical("optimizer", ["adam", "nadam", "rmsprop"])


def least_validation_loss(history: Path) -> float:
    """Return the least validation loss of a run's history."""
    with history.open(encoding="utf-8", newline="") as stream:
        return min(float(row["val_loss"]) for row in csv.DictReader(stream))


def run_search(family: Family, trials: int, data: Path | None, runs: Path) -> list[Trial]:
    """Search with real training in this process; see `search`."""
    return search(family, trials, lambda variation, seed: do_job(Job(variation, seed, data, runs)))


def non_default_settings(variation: Variation) -> dict[str, Any]:
    """Return the settings of a variation that are not the defaults, for reading."""
    settings: dict[str, Any] = {}
    for part in (variation.architecture, variation.training):
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if value != field.default:
                settings[field.name] = value
    return settings
