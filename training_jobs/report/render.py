"""Render the replication report: Markdown and HTML from the same tables, plots as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from scratchnn.datasets import DATA_VARIABLE
from training_jobs.baseline import Baseline, fit_baseline
from training_jobs.experiments import Variation
from training_jobs.report.comparison import GoldenComparison, compare_goldens
from training_jobs.report.plots import plot_curves
from training_jobs.report.results import (
    ExperimentResult,
    Result,
    TrialResult,
    best_results,
    experiment_results,
    trial_results,
    versions,
)
from training_jobs.report.words import settings_in_words, value_in_words, varied
from training_jobs.run_store import write_folder
from training_jobs.search import CRITERIA

TARGETS = {"lstm": ("macro_f1", 0.76), "rnn": ("macro_f1", 0.65), "cnn": ("accuracy", 0.80)}

_BEST_PICTURE = "best_models.png"


@dataclass(frozen=True)
class Table:
    """A table: the first column is aligned left, the others right, or all left where they are `words`."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: bool = False


@dataclass(frozen=True)
class Section:
    """One experiment: what the report says, what came out, and the curves."""

    title: str
    statement: str
    verdict: str
    table: Table
    picture: str
    picture_text: str


def write_report(target: Path, records: Path, golden: Path, data_dir: Path | None) -> None:
    """Write report.md, report.html and the plots into a folder, which appears by a rename.

    Raises:
        DataError: a data set is missing; the comparison with Keras needs the test splits.
    """
    comparisons = compare_goldens(golden, data_dir)
    baseline = fit_baseline(data_dir)

    def write(folder: Path) -> None:
        context = _context(folder, records, comparisons, baseline)
        for name in ("report.md", "report.html"):
            (folder / name).write_text(_render(f"{name}.j2", context), encoding="utf-8")

    write_folder(target, write)


def _render(template: str, context: dict[str, Any]) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("training_jobs.report"),
        autoescape=template.endswith(".html.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(context)


def _context(
    folder: Path, records: Path, comparisons: Sequence[GoldenComparison], baseline: Baseline
) -> dict[str, Any]:
    plain, masked = experiment_results(records), experiment_results(records, mask=True)
    best = [result for result in best_results(records) if result.seeds]
    if best:
        plot_curves(best, "best models", folder / _BEST_PICTURE)
    return {
        "versions": versions(records),
        "data_variable": DATA_VARIABLE,
        "summary": _summary_table(plain, masked),
        "sections": [_section(result, folder, "") for result in plain],
        "masked_sections": [
            _section(result, folder, "masked ") for result in masked if any(row.seeds for row in result.rows)
        ],
        "best": _best_table(best, baseline) if best else None,
        "best_picture": _BEST_PICTURE,
        "best_settings": [(result.label, _best_settings(result.variation)) for result in best],
        "searches": _search_tables(trial_results(records)),
        "baseline": baseline,
        "comparison": _comparison_table(comparisons),
        "comparisons": comparisons,
    }


def _section(result: ExperimentResult, folder: Path, prefix: str) -> Section:
    title = f"{prefix}{result.claim.experiment}"
    picture = title.lower().replace(" ", "_") + ".png"
    plot_curves(result.rows, title, folder / picture)
    return Section(
        title=title[0].upper() + title[1:],
        statement=result.claim.statement,
        verdict=result.verdict,
        table=_result_table(result.rows),
        picture=picture,
        picture_text=f"Loss and accuracy by epoch, training and validation, of {title}",
    )


def _result_table(results: Sequence[Result]) -> Table:
    with_report = any(result.report_macro_f1 is not None for result in results)
    head = ("variation", "test macro-F1", *(["the report's"] * with_report))
    rest = ("test accuracy", "parameters", "seconds", "seeds")
    rows = tuple(
        (
            f"{result.label} (`{result.variation.name}`)",
            str(result.macro_f1),
            *([_number(result.report_macro_f1)] * with_report),
            str(result.accuracy),
            "–" if result.parameters is None else f"{result.parameters:,}",
            f"{result.seconds.mean:.0f}" if result.seeds else "–",
            ", ".join(map(str, result.seeds)) or "none",
        )
        for result in results
    )
    return Table((*head, *rest), rows)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _summary_table(plain: Sequence[ExperimentResult], masked: Sequence[ExperimentResult]) -> Table:
    with_mask = {result.claim.experiment: result.verdict for result in masked}
    rows = tuple(
        (
            result.claim.experiment,
            result.claim.statement,
            result.verdict,
            with_mask.get(result.claim.experiment, "–"),
        )
        for result in plain
    )
    head = ("experiment", "the report's conclusion", "as the report ran it", "padding masked")
    return Table(head, rows, words=True)


def _best_table(results: Sequence[Result], baseline: Baseline) -> Table:
    head = (
        "model",
        "least validation loss",
        "validation macro-F1",
        "test macro-F1",
        "test accuracy",
        "target",
        "reached",
        "parameters",
        "seconds",
        "seeds",
    )
    scores = (baseline.validation_macro_f1, baseline.test_macro_f1, baseline.test_accuracy)
    compared = ("TF-IDF baseline", "–", *map(_number, scores))
    rest = ("–",) * (len(head) - len(compared))
    return Table(head, (*(_best_row(result) for result in results), (*compared, *rest)))


def _best_row(result: Result) -> tuple[str, ...]:
    measure, target = TARGETS[result.variation.family]
    mean = (result.macro_f1 if measure == "macro_f1" else result.accuracy).mean
    return (
        f"`{result.label}`",
        str(result.least_validation_loss),
        str(result.validation_macro_f1),
        str(result.macro_f1),
        str(result.accuracy),
        f"{measure.replace('_', '-').replace('f1', 'F1')} {target:.2f}",
        "yes" if mean >= target else "no",
        f"{result.parameters:,}",
        f"{result.seconds.mean:.0f}",
        ", ".join(map(str, result.seeds)),
    )


def _best_settings(variation: Variation) -> str:
    settings = variation.settings()
    return "; ".join(settings_in_words(settings[part]) for part in ("architecture", "training"))


def _search_tables(trials: Sequence[TrialResult]) -> list[tuple[str, Table]]:
    """Return, by family, what was tried: a column for each setting that varied, the best first."""
    families = groupby(trials, key=lambda trial: trial.family)
    return [(family.upper(), _search_table(list(of_family))) for family, of_family in families]


def _search_table(trials: Sequence[TrialResult]) -> Table:
    names = varied([trial.settings for trial in trials])
    head = (CRITERIA[trials[0].family].name, *(name.replace("_", " ") for name in names))
    rows = tuple(
        (str(trial.scores), *(value_in_words(trial.settings.get(name)) for name in names)) for trial in trials
    )
    return Table(head, rows)


def _comparison_table(comparisons: Sequence[GoldenComparison]) -> Table:
    head = (
        "golden",
        "rows",
        "Keras F1",
        "scratch F1",
        "difference",
        "label agreement",
        "largest error",
        "error/bound",
    )
    rows = tuple(
        (
            f"`{item.name}`",
            str(item.rows),
            f"{item.keras_macro_f1:.4f}",
            f"{item.scratch_macro_f1:.4f}",
            f"{abs(item.keras_macro_f1 - item.scratch_macro_f1):.6f}",
            f"{item.label_agreement:.4f}",
            f"{item.difference:.1e}",
            f"{item.share_of_bound:.2f}",
        )
        for item in comparisons
    )
    return Table(head, rows)
