"""How far a set of runs has got, seen from their folders: so whoever trains them, on whichever machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training_jobs.jobs import Job, run_key
from training_jobs.run_store import Checkpoints, RunKey, find_finished, partial_folder

_SECONDS = 1.0


def epochs_trained(key: RunKey, root: Path) -> int:
    """Return how many epochs of a run are behind it; all of them when it is finished, early or not."""
    if find_finished(key, root) is not None:
        return key.variation.training.epochs
    return Checkpoints(partial_folder(key, root)).epochs()


@contextmanager
def progress_bar(jobs: Sequence[Job]) -> Iterator[Any]:
    """Show the epochs trained and the time left until the block ends; gives the tqdm bar."""
    from tqdm import tqdm

    # Once, and one data set after the other: only the last one read stays in memory.
    runs = [(run_key(job), job.root) for job in sorted(jobs, key=lambda job: job.variation.dataset)]

    def trained() -> int:
        return sum(epochs_trained(key, root) for key, root in runs)

    total = sum(job.variation.training.epochs for job in jobs)
    # What was there before costs no time, and must not count in the time left.
    with tqdm(total=total, initial=trained(), unit="epoch", desc="training") as bar:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_SECONDS):
                bar.update(trained() - bar.n)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield bar
        finally:
            over.set()
            watcher.join()
            bar.update(trained() - bar.n)
