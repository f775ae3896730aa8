"""Search for the best model of a family: learning rate, optimizer, batch size, and more for recurrent ones.

Optuna proposes, and each proposal is a few runs like any other, in the folder of runs. The proposals
follow from the seed and from the results so far, so a search that was stopped and is started again
proposes the same, finds those runs finished, and goes on behind them. The test split is never
looked at: a proposal is judged by validating rows alone, as the `Criterion` of its family says.
"""

from __future__ import annotations

import csv
import dataclasses
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from training_jobs.experiments import BEST, CNN_BEST, FOLDS, Family, Recurrent, Training, Variation
from training_jobs.jobs import Job, do_job
from training_jobs.run_store import FinishedRun
from training_jobs.training import HISTORY

if TYPE_CHECKING:
    import optuna

_SAMPLER_SEED = 0
_MAX_EPOCHS = 30
_PATIENCE = 4
_CNN_EPOCHS = 4
_CNN_ROWS = 4_000


def least_validation_loss(run: FinishedRun) -> float:
    """Return the least validation loss of a run's history."""
    with (run.folder / HISTORY).open(encoding="utf-8", newline="") as stream:
        return min(float(row["val_loss"]) for row in csv.DictReader(stream))


def validation_macro_f1(run: FinishedRun) -> float:
    """Return the macro-F1 of a finished run on the rows that validated it."""
    return float(run.record()["validation"]["macro_f1"])


@dataclass(frozen=True)
class Criterion:
    """What a family's proposals are judged by: the mean of a measure over some runs of each.

    Attributes:
        name: of the measure.
        measure: of one run.
        direction: which way is better.
        seeds: each is trained.
        folds: each of these, with each seed; (None,) means that the validation split validates.
    """

    name: str
    measure: Callable[[FinishedRun], float]
    direction: Literal["minimize", "maximize"]
    seeds: tuple[int, ...]
    folds: tuple[int | None, ...] = (None,)


_LOSS = "least validation loss"
CRITERIA: dict[Family, Criterion] = {
    "cnn": Criterion(_LOSS, least_validation_loss, "minimize", (0,)),
    # The validation split of NusaX has 100 rows, and one seed's loss on it is mostly chance.
    "rnn": Criterion(_LOSS, least_validation_loss, "minimize", (0, 1, 2)),
    # Three seeds were not enough: the models that were best on those 100 rows were no better on others.
    "lstm": Criterion("cross-validated macro-F1", validation_macro_f1, "maximize", (0,), tuple(range(FOLDS))),
}


@dataclass(frozen=True)
class Trial:
    """One proposal and what its family's criterion says of it."""

    variation: Variation
    score: float


def search(family: Family, trials: int, train: Callable[[Variation, int], FinishedRun]) -> list[Trial]:
    """Return the trials, best first.

    Args:
        family: "cnn", "rnn" or "lstm".
        trials: how many proposals are trained.
        train: trains a variation with a seed, or finds its finished run.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    criterion = CRITERIA[family]
    done: list[Trial] = []

    def objective(trial: optuna.Trial) -> float:
        variation = propose(trial, family)
        runs = [train(held_out(variation, fold), seed) for seed in criterion.seeds for fold in criterion.folds]
        done.append(Trial(variation, statistics.fmean(map(criterion.measure, runs))))
        return done[-1].score

    sampler = optuna.samplers.TPESampler(seed=_SAMPLER_SEED)
    study = optuna.create_study(direction=criterion.direction, sampler=sampler)
    # What the table has now is the first proposal, so that the others are compared with it on equal terms.
    study.enqueue_trial(_present_settings(family))
    study.optimize(objective, n_trials=trials, show_progress_bar=True)
    return sorted(done, key=lambda trial: trial.score, reverse=criterion.direction == "maximize")


def held_out(variation: Variation, fold: int | None) -> Variation:
    """Return the variation with one fold held out to validate."""
    return dataclasses.replace(variation, training=dataclasses.replace(variation.training, fold=fold))


def _present_settings(family: Family) -> dict[str, Any]:
    (best,) = (variation for variation in BEST if variation.family == family)
    return {**dataclasses.asdict(best.architecture), **dataclasses.asdict(best.training)}


def propose(trial: optuna.Trial, family: Family) -> Variation:
    """Return the variation that a trial proposes."""
    variation = {"cnn": _propose_cnn, "rnn": _propose_rnn, "lstm": _propose_lstm}[family](trial)
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


def _propose_rnn(trial: optuna.Trial) -> Variation:
    """Propose a small model of both directions, masked, much regularized, with early stopping."""
    architecture = Recurrent(
        "rnn",
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


def _propose_lstm(trial: optuna.Trial) -> Variation:
    """Propose a small model that begins with the texts' own word vectors, for so many epochs and no more."""
    architecture = Recurrent(
        "lstm",
        layers=1,
        units=16,
        bidirectional=True,
        mask_zero=True,
        embedding_dim=trial.suggest_categorical("embedding_dim", [64, 128, 256]),
        dropout=0.5,
        l2=1e-4,
        pooling="average",
        lsa_scale=trial.suggest_categorical("lsa_scale", [0.3, 0.6, 1.0]),
    )
    training = Training(
        epochs=12,
        batch_size=64,
        learning_rate=trial.suggest_categorical("learning_rate", [0.003, 0.006, 0.012]),
        cosine=True,
        hidden_words=trial.suggest_categorical("hidden_words", [0.2, 0.35]),
        fit_on="train+validation",
    )
    return Variation(architecture, training)


def _suggest_learning_rate(trial: optuna.Trial, low: float, high: float) -> float:
    # Two digits, so that the settings can be read, and be written down in the table.
    return float(f"{trial.suggest_float('learning_rate', low, high, log=True):.1e}")


def _suggest_optimizer(trial: optuna.Trial) -> Any:
    return trial.suggest_categorical("optimizer", ["adam", "nadam", "rmsprop"])


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
