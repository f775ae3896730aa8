"""Helpers of the tests of the training jobs."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

from training_jobs.experiments import Variation

REPOSITORY = Path(__file__).parents[2]


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
