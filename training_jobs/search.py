"""Search for the best recurrent model: architecture, regularization, optimizer, learning rate, batch.

Optuna proposes, and each proposal is a run like any other, in the folder of runs. The proposals
follow from the seed and from the results so far, so a search that was stopped and is started again
proposes the same, finds those runs finished, and goes on behind them. The test split is never
looked at: the objective is the least loss on the validation split.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from training_jobs.experiments import Recurrent, Training, Variation
from training_jobs.jobs import Job, do_job
from training_jobs.run_store import FinishedRun
from training_jobs.training import HISTORY

if TYPE_CHECKING:
    import optuna

SEARCH_SEED = 0
_MAX_EPOCHS = 30
_PATIENCE = 4


@dataclass(frozen=True)
class Trial:
    """One proposal and its least validation loss."""

    variation: Variation
    validation_loss: float


def search(
    family: Literal["rnn", "lstm"],
    trials: int,
    train: Callable[[Variation], FinishedRun],
    pooling: Literal["last", "average"] = "last",
) -> list[Trial]:
    """Return the trials, best first.

    Args:
        family: "rnn" or "lstm".
        trials: how many proposals are trained.
        train: trains a variation, or finds its finished run.
        pooling: of every proposal.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    done: list[Trial] = []

    def objective(trial: optuna.Trial) -> float:
        variation = propose(trial, family, pooling)
        done.append(Trial(variation, least_validation_loss(train(variation).folder / HISTORY)))
        return done[-1].validation_loss

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=SEARCH_SEED))
    study.optimize(objective, n_trials=trials)
    return sorted(done, key=lambda trial: trial.validation_loss)


def propose(
    trial: optuna.Trial, family: Literal["rnn", "lstm"], pooling: Literal["last", "average"] = "last"
) -> Variation:
    """Return the variation that a trial proposes: always both directions, masked, early stopping."""
    architecture = Recurrent(
        family,
        layers=trial.suggest_int("layers", 1, 2),
        units=trial.suggest_categorical("units", [32, 64, 128]),
        bidirectional=True,
        mask_zero=True,
        embedding_dim=trial.suggest_categorical("embedding_dim", [64, 128, 256]),
        dropout=trial.suggest_categorical("dropout", [0.3, 0.5, 0.7]),
        embedding_dropout=trial.suggest_categorical("embedding_dropout", [0.0, 0.3, 0.5]),
        l2=trial.suggest_categorical("l2", [0.0, 1e-4, 1e-3]),
        pooling=pooling,
    )
    training = Training(
        epochs=_MAX_EPOCHS,
        batch_size=trial.suggest_categorical("batch_size", [16, 32, 50]),
        # Two digits, so that the settings can be read, and be written down in the table.
        learning_rate=float(f"{trial.suggest_float('learning_rate', 3e-4, 5e-3, log=True):.1e}"),
        optimizer=cast(Any, trial.suggest_categorical("optimizer", ["adam", "nadam", "rmsprop"])),
        patience=_PATIENCE,
    )
    variation = Variation(architecture, training)
    return dataclasses.replace(variation, tag=f"search_{family}_{variation.digest()[:8]}")


def least_validation_loss(history: Path) -> float:
    """Return the least validation loss of a run's history."""
    with history.open(encoding="utf-8", newline="") as stream:
        return min(float(row["val_loss"]) for row in csv.DictReader(stream))


def run_search(
    family: Literal["rnn", "lstm"],
    trials: int,
    data: Path | None,
    runs: Path,
    pooling: Literal["last", "average"] = "last",
) -> list[Trial]:
    """Search with real training in this process; see `search`."""
    return search(family, trials, lambda variation: do_job(Job(variation, SEARCH_SEED, data, runs)), pooling)


def non_default_settings(variation: Variation) -> dict[str, Any]:
    """Return the settings of a variation that are not the defaults, for reading."""
    settings: dict[str, Any] = {}
    for part in (variation.architecture, variation.training):
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if value != field.default:
                settings[field.name] = value
    return settings
