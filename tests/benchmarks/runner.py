"""Runs the peers in turn, A B C A B C, so that whatever else the machine does hits all of them alike."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .families import Family

TESTS = Path(__file__).resolve().parents[1]
SOURCE = TESTS.parent / "src"
PLAIN_BATCH = 32  # the plain layers are for reading; larger batches only cost time here
TOLERANCE = 1e-4  # outputs that differ by more are not of the same model

# Variables that hold a library to other kernels: NumPy's OpenBLAS, TensorFlow.
KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "TF_ENABLE_ONEDNN_OPTS")

# Rounds of a cell, at least: a median needs three. Calls of a round, at most, and how long they may take together.
LEAST_ROUNDS, MOST_CALLS, ROUND_SECONDS = 3, 20, 0.02


def environment(**more: str) -> dict[str, str]:
    """Of every program that is measured.

    Each takes the kernels that it chooses itself for this processor, whatever is set here for other purposes.
    """
    own = {name: value for name, value in os.environ.items() if name not in KERNELS}
    return {**own, "PYTHONPATH": os.pathsep.join([str(TESTS), str(SOURCE)]), **more}


class Peer:
    """A worker process.

    Args:
        name: in tables.
        kind: of `peers.PEERS`.
    """

    def __init__(self, name: str, kind: str) -> None:
        self.name, self._kind = name, kind
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(),
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"fault": "the process ended"}

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def start_peers(wanted: list[str]) -> list[Peer]:
    """The peers of a run."""
    return [Peer(kind, kind) for kind in ["scratchnn", *wanted]]


def measure(
    family: Family, model: Path, peers: list[Peer], folder: Path, batches: list[int], rounds: int, seconds: float
) -> list[dict[str, Any]]:
    """The times of all peers for a family: one entry a batch, peer and variant.

    Each round calls every variant of every peer; a call shorter than 20 ms is repeated within the round, and the
    round's time is the median of those.

    Args:
        family, model: what is measured, and its Keras file.
        peers: who.
        folder: where inputs are kept.
        batches: samples of a call.
        rounds: at most; a batch whose rounds take long gets fewer, but never less than three.
        seconds: that the rounds of one batch may take.
    """
    variants = [(peer, name) for peer in peers for name in peer.ask(load=str(model)).get("variants", [])]
    results = []
    for batch in batches:
        path = input_file(family, folder, batch)
        first = {pair: _first(*pair, path) for pair in variants if pair[1] != "forward" or batch <= PLAIN_BATCH}
        able = {pair: time for pair, time in first.items() if time is not None}
        if batch == batches[0]:
            _compare(family, list(able), path)
        calls = {pair: max(1, min(MOST_CALLS, int(ROUND_SECONDS / time))) for pair, time in able.items()}
        one_round = sum(calls[pair] * time for pair, time in able.items())
        affordable = max(LEAST_ROUNDS, min(rounds, int(seconds / one_round)))
        times: dict[Any, list[float]] = {pair: [] for pair in able}
        cpu: dict[Any, list[float]] = {pair: [] for pair in able}
        for _ in range(affordable):
            for pair in able:
                answer = pair[0].ask(time=pair[1], input=str(path), calls=calls[pair])
                times[pair].append(statistics.median(answer["seconds"]))
                cpu[pair].append(statistics.median(answer["cpu"]))
        for peer, variant in able:
            results.append(
                {
                    "model": family.name,
                    "batch": batch,
                    "peer": peer.name,
                    "variant": variant,
                    "seconds": times[peer, variant],
                    "cpu": cpu[peer, variant],
                    "multiplications": family.multiplications() * batch,
                }
            )
    return results


def input_file(family: Family, folder: Path, batch: int) -> Path:
    """The input of a batch; made where it is not there."""
    path = folder / f"{family.kind}-{family.length}-{batch}.npy"
    if not path.exists():
        np.save(path, family.input(batch))
    return path


def _first(peer: Peer, variant: str, path: Path) -> float | None:
    """Seconds of a warm call; None where the peer cannot do it."""
    answer = peer.ask(time=variant, input=str(path), calls=1)
    if "fault" not in answer and answer["seconds"][0] < 1:
        answer = peer.ask(time=variant, input=str(path), calls=2)
    return None if "fault" in answer else min(answer["seconds"])


def _compare(family: Family, variants: list[tuple[Peer, str]], path: Path) -> None:
    """All of them must give the same numbers.

    Raises:
        AssertionError: one does not.
    """
    outputs = {
        f"{peer.name} {name}": np.array(peer.ask(run=name, input=str(path))["output"]) for peer, name in variants
    }
    expected = next(iter(outputs.values()))
    wrong = {name: float(np.abs(y - expected).max()) for name, y in outputs.items()}
    assert all(error < TOLERANCE for error in wrong.values()), f"{family.name}: different results: {wrong}"
