"""Run independent jobs: each is one variation with one seed, and goes through joblib."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from scratchnn.datasets import DatasetName, TrainingData, load_training_data
from training_jobs.errors import RunError
from training_jobs.experiments import Variation
from training_jobs.run_store import FinishedRun, RunKey, find_finished

# What must be there when a training process starts; workers inherit it.
ENVIRONMENT = {
    # TensorFlow frees and takes several MB at each step. By default glibc gives them back to the
    # kernel each time, and half of a CNN's training time goes into clearing fresh pages.
    "MALLOC_MMAP_THRESHOLD_": str(2**32),
    "MALLOC_TRIM_THRESHOLD_": str(2**33),
    "MALLOC_TOP_PAD_": str(2**29),
}
# Keras's seed is one for the process, so a process trains one run at a time.
_ONE_RUN = threading.Lock()
_SCHEDULER_TIMEOUT_SECONDS = 30


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
    with _ONE_RUN:
        key = run_key(job)
        if (finished := find_finished(key, job.root)) is not None:
            return finished
        from training_jobs.keras_models import configure_tensorflow
        from training_jobs.training import train_run

        configure_tensorflow(onednn=True)
        import keras

        keras.utils.clear_session(free_memory=False)
        return train_run(key, cached_data(job.variation.dataset, job.data_dir), job.root)


def do_jobs(jobs: Sequence[Job], workers: int) -> Iterator[FinishedRun]:
    """Do the jobs in worker processes of this machine; yield each run as it finishes, in any order.

    Also a single worker is a process of its own: what TensorFlow was told when it was imported
    holds for the whole process.

    Raises:
        RunError: a worker was killed. Finished runs and checkpoints are kept.
    """
    from joblib.externals.loky import as_completed, get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    executor = get_reusable_executor(max_workers=workers, env=ENVIRONMENT)
    try:
        for future in as_completed([executor.submit(do_job, job) for job in jobs]):
            yield future.result()
    except TerminatedWorkerError as error:
        raise RunError(
            "a worker process was killed; the same command goes on from the last checkpoints"
        ) from error
    finally:
        executor.shutdown(kill_workers=True)


def do_jobs_on_dask(jobs: Sequence[Job], scheduler: str) -> Iterator[FinishedRun]:
    """Do the jobs on a Dask cluster; yield each run as it finishes, in any order.

    The cluster's machines share the data folder and the folder of runs. A job whose worker died is
    given to another, which goes on from the last checkpoint.

    Args:
        jobs: the jobs; paths must mean the same on every machine.
        scheduler: the scheduler's address, for example tcp://10.0.0.1:8786.

    Raises:
        RunError: there is no scheduler at the address.
    """
    from distributed import Client, as_completed

    try:
        client = Client(scheduler, timeout=_SCHEDULER_TIMEOUT_SECONDS)
    except (OSError, ValueError) as error:
        raise RunError(f"--scheduler: expected a Dask scheduler at {scheduler!r}: {error}") from error
    with client:
        # A run is its files: its result may be computed once only, hence no retries of errors.
        futures = [client.submit(do_job, job, pure=False) for job in jobs]
        for future in as_completed(futures):
            yield future.result()
