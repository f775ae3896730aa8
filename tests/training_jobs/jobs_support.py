"""Helpers of the tests of the training jobs."""

import csv
import dataclasses
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from training_jobs.experiments import Variation
from training_jobs.run_store import RunKey, write_folder, write_json

REPOSITORY = Path(__file__).parents[2]
# The variation that is trained for real, on the made-up rows: the smallest that has all there is to a run.
SMOKE = "lstm_1x32_both"


def with_training(variation: Variation, **changes) -> Variation:
    return dataclasses.replace(variation, training=dataclasses.replace(variation.training, **changes))


def command(*arguments, **environment) -> subprocess.CompletedProcess[str]:
    """Run `python -m training_jobs` as its users do."""
    return subprocess.run(
        [sys.executable, "-m", "training_jobs", *map(str, arguments)],
        cwd=REPOSITORY,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def clean_environment(**environment) -> dict[str, str]:
    """Return this environment without what names data or runs, and quiet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SCRATCHNN_")}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}


def in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function of a module returns in a process that has imported nothing before."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def finish(variation: Variation, seed: int, macro_f1: float, runs: Path, data: str = "data") -> None:
    """Store a made-up finished run."""

    def write(folder: Path) -> None:
        scores = {"macro_f1": macro_f1, "accuracy": macro_f1 + 0.01}
        record = {
            "name": variation.name, "settings": variation.settings(), "settings_digest": variation.digest(),
            "seed": seed, "parameters": 1234, "seconds": 10 + seed, "validation": scores, "test": scores,
            "versions": {"keras": "3.9"},
        }  # fmt: skip
        write_json(folder / "run.json", record)
        with (folder / "history.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["epoch", "loss", "accuracy", "val_loss", "val_accuracy"])
            writer.writerows([[epoch, 1 / epoch, 0.5, 2 / epoch, 0.4] for epoch in (1, 2, 3)])

    write_folder(RunKey(variation, seed, data).folder(runs), write)
