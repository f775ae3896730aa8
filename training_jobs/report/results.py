"""Collect what the records of the runs say, row by row of the experiments."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from training_jobs.claims import CLAIMS, Claim, Verdict, judge
from training_jobs.experiments import BEST, ROWS, Family, Row, Variation, masked
from training_jobs.records import finished_trials
from training_jobs.run_store import RECORD, FinishedRun, finished_runs
from training_jobs.search import CRITERIA
from training_jobs.training import HISTORY

History = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Scores:
    """One score a seed."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean; there is at least one seed."""
        return statistics.fmean(self.values)

    def __str__(self) -> str:
        """Mean and sample standard deviation, as 0.712 ± 0.013; a dash without a seed."""
        if not self.values:
            return "–"
        mean = f"{self.mean:.3f}"
        return mean if len(self.values) == 1 else f"{mean} ± {statistics.stdev(self.values):.3f}"


@dataclass(frozen=True)
class Result:
    """What the seeds of one variation gave on the test split, and their curves."""

    label: str
    variation: Variation
    report_macro_f1: float | None
    seeds: tuple[int, ...]
    macro_f1: Scores
    accuracy: Scores
    validation_macro_f1: Scores
    parameters: int | None
    seconds: Scores
    histories: tuple[History, ...]

    @property
    def least_validation_loss(self) -> Scores:
        """What early stopping goes by; none where no rows were left to validate."""
        return Scores(tuple(min(history["val_loss"]) for history in self.histories if "val_loss" in history))


@dataclass(frozen=True)
class ExperimentResult:
    """One experiment: its claim, its rows, and the verdict on both."""

    claim: Claim
    rows: tuple[Result, ...]
    verdict: Verdict


def collect(label: str, variation: Variation, report_macro_f1: float | None, records: Path) -> Result:
    """Return what the records of a variation's current settings say."""
    runs = list(finished_runs(variation, records))
    found = [run.record() for run in runs]

    def scores(split: str, name: str) -> Scores:
        return Scores(tuple(record[split][name] for record in found if split in record))

    return Result(
        label=label,
        variation=variation,
        report_macro_f1=report_macro_f1,
        seeds=tuple(int(record["seed"]) for record in found),
        macro_f1=scores("test", "macro_f1"),
        accuracy=scores("test", "accuracy"),
        validation_macro_f1=scores("validation", "macro_f1"),
        parameters=found[0]["parameters"] if found else None,
        seconds=Scores(tuple(record["seconds"] for record in found)),
        histories=tuple(read_history(run.folder / HISTORY) for run in runs),
    )


def experiment_results(records: Path, *, mask: bool = False) -> list[ExperimentResult]:
    """Return the report's experiments; with `mask`, the recurrent ones with masked padding."""
    rows = [row for row in ROWS if not (mask and row.variation.family == "cnn")]
    claims = [claim for claim in CLAIMS if any(row.experiment == claim.experiment for row in rows)]
    return [_experiment(claim, rows, records, mask) for claim in claims]


def _experiment(claim: Claim, rows: Sequence[Row], records: Path, mask: bool) -> ExperimentResult:
    results = tuple(
        # The report did not train the masked ones, so there is no figure of its own for them.
        collect(row.label, masked(row.variation), None, records)
        if mask
        else collect(row.label, row.variation, row.report_macro_f1, records)
        for row in rows
        if row.experiment == claim.experiment
    )
    verdict = judge(claim, {result.label: result.macro_f1.values for result in results})
    return ExperimentResult(claim, results, verdict)


def best_results(records: Path) -> list[Result]:
    """Return the best model of each family."""
    return [collect(variation.name, variation, None, records) for variation in BEST]


@dataclass(frozen=True)
class TrialResult:
    """What a search proposed, and what the criterion of its family gave for each run."""

    family: Family
    settings: Mapping[str, Any]
    scores: Scores


def trial_results(records: Path) -> list[TrialResult]:
    """Return the trials of all searches, those of a family together, the best first."""
    trials = []
    for _, runs in groupby(finished_trials(records), key=lambda run: run.folder.parent):
        of_trial = list(runs)
        settings = of_trial[0].record()["settings"]
        scores = Scores(tuple(map(CRITERIA[settings["family"]].measure, of_trial)))
        varied = {**settings["architecture"], **settings["training"], "fold": None}  # each fold is one of its runs
        trials.append(TrialResult(settings["family"], varied, scores))
    return sorted(trials, key=lambda trial: (trial.family, _loss(trial)))


def _loss(trial: TrialResult) -> float:
    """Return the score, or its negative where more is better."""
    mean = trial.scores.mean
    return mean if CRITERIA[trial.family].direction == "minimize" else -mean


def versions(records: Path) -> list[str]:
    """Return what the runs of the records were trained with: "keras 3.15.1" and so on."""
    found = {
        f"{name} {version}"
        for path in records.glob(f"*/seed-*/{RECORD}")
        for name, version in FinishedRun(path.parent).record()["versions"].items()
    }
    return sorted(found)


def read_history(path: Path) -> History:
    """Return the columns of a history.csv: one value an epoch."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}
