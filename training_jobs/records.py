"""What the runs gave, kept in the repository: run.json and history.csv of each, without the models.

    records/<variation>/seed-<seed>/                one record a variation and seed
    records/<trial>/seed-<seed>-fold-<fold>/        or, of a search's trial, one a fold held out

What the report says of training comes from these records alone: anyone who has the goldens and the data sets
can make it again without training, also when the folder of runs is gone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from training_jobs.experiments import variations
from training_jobs.run_store import RECORD, FinishedRun, finished_runs, write_folder
from training_jobs.training import HISTORY

DEFAULT_RECORDS = Path(__file__).parent / "records"


def keep_records(runs: Path, records: Path) -> int:
    """Copy the records of the table's finished runs and of the searches' trials; return how many.

    Records of settings that are not in the table any more are dropped.
    """
    found = [run for variation in variations().values() for run in finished_runs(variation, runs)]
    found += finished_trials(runs)
    for run in found:
        record = run.record()
        write_folder(records / record["name"] / _folder_name(record), partial(_copy_record, run))
    for outdated in _outdated(records):
        shutil.rmtree(outdated)
    return len(found)


def _folder_name(record: Mapping[str, Any]) -> str:
    fold = record["settings"]["training"].get("fold")
    return f"seed-{record['seed']}" + ("" if fold is None else f"-fold-{fold}")


def _copy_record(run: FinishedRun, folder: Path) -> None:
    for name in (RECORD, HISTORY):
        shutil.copy2(run.folder / name, folder / name)


def _outdated(records: Path) -> Iterator[Path]:
    trials = {run.folder.parent for run in finished_trials(records)}
    current = {run.folder for variation in variations().values() for run in finished_runs(variation, records)}
    for path in sorted(records.glob(f"*/*/{RECORD}")):
        if path.parent not in current and path.parent.parent not in trials:
            yield path.parent


def finished_trials(root: Path) -> Iterator[FinishedRun]:
    """Yield the runs of the searches' trials, of all families, by name."""
    for path in sorted(root.glob(f"search_*/seed-*/{RECORD}")):
        yield FinishedRun(path.parent)
