"""Collect what the runs gave, row by row of the experiments."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training_jobs.claims import CLAIMS, Claim, Verdict, judge
from training_jobs.experiments import BEST, ROWS, Row, Variation, masked
from training_jobs.run_store import finished_runs
from training_jobs.training import HISTORY

History = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Scores:
    """One score a seed."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        """Mean and sample standard deviation, as 0.712 ± 0.013; a dash without a seed."""
        if not self.values:
            return "–"
        mean = f"{statistics.fmean(self.values):.3f}"
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


@dataclass(frozen=True)
class ExperimentResult:
    """One experiment: its claim, its rows, and the verdict on both."""

    claim: Claim
    rows: tuple[Result, ...]
    verdict: Verdict


def collect(label: str, variation: Variation, report_macro_f1: float | None, runs: Path) -> Result:
    """Return what the finished runs of a variation gave."""
    # A seed may have been trained on other data or versions too; the last one found speaks for it.
    by_seed = {int(run.record()["seed"]): run for run in finished_runs(variation, runs)}
    records = [run.record() for run in by_seed.values()]

    def scores(split: str, name: str) -> Scores:
        return Scores(tuple(record[split][name] for record in records))

    return Result(
        label=label,
        variation=variation,
        report_macro_f1=report_macro_f1,
        seeds=tuple(by_seed),
        macro_f1=scores("test", "macro_f1"),
        accuracy=scores("test", "accuracy"),
        validation_macro_f1=scores("validation", "macro_f1"),
        parameters=records[0]["parameters"] if records else None,
        seconds=Scores(tuple(record["seconds"] for record in records)),
        histories=tuple(read_history(run.folder / HISTORY) for run in by_seed.values()),
    )


def experiment_results(runs: Path, *, mask: bool = False) -> list[ExperimentResult]:
    """Return the report's experiments; with `mask`, the recurrent ones with masked padding."""
    rows = [row for row in ROWS if not (mask and row.variation.family == "cnn")]
    claims = [claim for claim in CLAIMS if any(row.experiment == claim.experiment for row in rows)]
    return [_experiment(claim, rows, runs, mask) for claim in claims]


def _experiment(claim: Claim, rows: Sequence[Row], runs: Path, mask: bool) -> ExperimentResult:
    results = tuple(
        # The report did not train the masked ones, so there is no figure of its own for them.
        collect(row.label, masked(row.variation), None, runs)
        if mask
        else collect(row.label, row.variation, row.report_macro_f1, runs)
        for row in rows
        if row.experiment == claim.experiment
    )
    verdict = judge(claim, {result.label: result.macro_f1.values for result in results})
    return ExperimentResult(claim, results, verdict)


def best_results(runs: Path) -> list[Result]:
    """Return the best model of each family."""
    return [collect(variation.name, variation, None, runs) for variation in BEST]


def read_history(path: Path) -> History:
    """Return the columns of a history.csv: one value an epoch."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}
