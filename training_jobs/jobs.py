"""Run independent jobs: each is one variation with one seed, and goes through joblib."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from scratchnn.datasets import DatasetName, TrainingData, load_training_data
from training_jobs.experiments import Variation
from training_jobs.run_store import FinishedRun, RunKey, find_finished

# What must be there when a worker process starts; it inherits this process's environment.
_WORKER_ENVIRONMENT = {
    "TF_ENABLE_ONEDNN_OPTS": "0",
    # TensorFlow frees and takes several MB at each step. By default glibc gives them back to the
    # kernel each time, and half of a CNN's training time goes into clearing fresh pages.
    "MALLOC_MMAP_THRESHOLD_": str(2**32),
    "MALLOC_TRIM_THRESHOLD_": str(2**33),
    "MALLOC_TOP_PAD_": str(2**29),
}


@dataclass(frozen=True)
class Job:
    """One run to be done: where its data lies and where its result goes."""

    variation: Variation
    seed: int
    data_dir: Path | None
    root: Path


@lru_cache(maxsize=1)
def cached_data(dataset: DatasetName, data_dir: Path | None) -> TrainingData:
    """Return a data set; the last one read stays in memory for the next job of this process."""
    return load_training_data(dataset, data_dir)


def run_key(job: Job) -> RunKey:
    """Return the key of a job's run; reads its data set for the fingerprint."""
    data = cached_data(job.variation.dataset, job.data_dir)
    return RunKey(job.variation, job.seed, data.fingerprint)


def do_job(job: Job) -> FinishedRun:
    """Train one run in this process, from its last checkpoint where there is one."""
    from training_jobs.keras_models import configure_tensorflow
    from training_jobs.training import train_run

    key = run_key(job)
    if (finished := find_finished(key, job.root)) is not None:
        return finished
    configure_tensorflow()
    import keras

    keras.utils.clear_session(free_memory=False)
    return train_run(key, cached_data(job.variation.dataset, job.data_dir), job.root)


def do_jobs(jobs: Sequence[Job], workers: int) -> Iterator[FinishedRun]:
    """Do the jobs in worker processes; yield each run as it finishes, in any order."""
    import joblib

    os.environ.update(_WORKER_ENVIRONMENT)
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)
    yield from parallel(joblib.delayed(do_job)(job) for job in jobs)
