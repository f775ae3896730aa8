"""Where runs are kept: a finished run is a folder that appeared by one rename.

    runs/<variation>/seed-<seed>-<digest>/             finished: run.json, model.keras, ...
    runs/<variation>/seed-<seed>-<digest>.partial/     in progress: epoch-<n>/ is its checkpoint

The digest is of the settings, the data, the protocol of training and the versions of Keras, TensorFlow and
NumPy, so that a run made under other conditions is another run and is never taken for this one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training_jobs.errors import RunError
from training_jobs.experiments import Variation

RECORD = "run.json"
RUNS_VARIABLE = "SCRATCHNN_RUNS"
# Raised when the meaning of a run changes without its settings doing so (the training loop, the
# order of shuffling): runs of an older protocol are then trained again.
PROTOCOL = 1


def default_root() -> Path:
    """Return the folder of runs: SCRATCHNN_RUNS, or `runs` in the current folder."""
    return Path(os.environ.get(RUNS_VARIABLE) or "runs")


def training_versions() -> dict[str, str]:
    """Return the versions that decide a training's result; reads metadata, imports nothing."""
    return {name: version(name) for name in ("keras", "numpy", "tensorflow")}


@dataclass(frozen=True)
class RunKey:
    """What makes a run this run: the variation, the seed and the data."""

    variation: Variation
    seed: int
    data_fingerprint: str

    def digest(self) -> str:
        """Return the SHA-256 (hex) of settings, data, versions and protocol; not of the seed."""
        parts = [self.variation.digest(), self.data_fingerprint, training_versions(), PROTOCOL]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def folder(self, root: Path) -> Path:
        """Return the folder of the finished run."""
        return root / self.variation.name / f"seed-{self.seed}-{self.digest()[:12]}"


@dataclass(frozen=True)
class FinishedRun:
    """A run that was trained to its end."""

    folder: Path

    def record(self) -> dict[str, Any]:
        """Return run.json: settings, seed, versions, data fingerprint, metrics, history.

        Raises:
            RunError: the record is missing or damaged.
        """
        try:
            return dict(json.loads((self.folder / RECORD).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.folder / RECORD}: expected a run's record: {error}") from error


def find_finished(key: RunKey, root: Path) -> FinishedRun | None:
    """Return the finished run of a key, or None. A partial run is none."""
    folder = key.folder(root)
    return FinishedRun(folder) if (folder / RECORD).is_file() else None


def finished_runs(variation: Variation, root: Path) -> Iterator[FinishedRun]:
    """Yield the finished runs of a variation's current settings, all seeds, in order of the seed."""
    runs = [FinishedRun(path.parent) for path in (root / variation.name).glob(f"seed-*/{RECORD}")]
    current = [run for run in runs if run.record()["settings_digest"] == variation.digest()]
    yield from sorted(current, key=lambda run: int(run.record()["seed"]))


class Checkpoints:
    """The partial folder of one run: at most one complete checkpoint, of the last epoch trained."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def latest(self) -> Path | None:
        """Return the folder of the newest complete checkpoint, or None."""
        return max(self.folder.glob("epoch-????"), default=None)

    def epochs(self) -> int:
        """Return how many epochs the newest complete checkpoint has behind it; 0 without one."""
        folder = self.latest()
        return 0 if folder is None else int(folder.name.removeprefix("epoch-"))

    def save(self, epochs: int, write: Callable[[Path], None]) -> None:
        """Let `write` fill a folder, then make it the checkpoint and drop the older ones."""
        target = self.folder / f"epoch-{epochs:04d}"
        write_folder(target, write)
        for path in self.folder.glob("epoch-????"):
            if path != target:
                shutil.rmtree(path)


def partial_folder(key: RunKey, root: Path) -> Path:
    """Return the folder of a run in progress."""
    return key.folder(root).with_suffix(".partial")


@contextmanager
def open_partial(key: RunKey, root: Path) -> Iterator[Checkpoints]:
    """Hold the partial folder of a run, alone.

    Raises:
        RunError: another process trains this run now. (The lock dies with its holder, so a killed
            run leaves none behind.)
    """
    folder = partial_folder(key, root)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.with_suffix(".lock")).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(f"{folder}: another process trains this run now") from error
        yield Checkpoints(folder)


def write_folder(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary folder beside the target, then rename it to the target.

    A target that exists is replaced; whenever the process dies, the target is the old or the new
    folder or absent, never half of one.
    """
    temporary = target.with_name(f".{target.name}.writing")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        write(temporary)
        move_folder(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def move_folder(source: Path, target: Path) -> None:
    """Rename a complete folder to the target, in place of the folder that is there."""
    replaced = target.with_name(f".{target.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if target.exists():
        target.rename(replaced)
    source.rename(target)
    shutil.rmtree(replaced, ignore_errors=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON that diffs well: sorted keys, one a line, a newline at the end."""
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
