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

# Kernels of OpenBLAS that NumPy's copy has, but does not choose on AMD's processors with AVX-512.
AVX512 = {"OPENBLAS_CORETYPE": "SkylakeX"}


class Peer:
    """A worker process.

    Args:
        name: in tables.
        kind: of `peers.PEERS`.
        environment: more variables.
    """

    def __init__(self, name: str, kind: str, environment: dict[str, str] | None = None) -> None:
        self.name, self._kind = name, kind
        path = os.pathsep.join([str(TESTS), str(SOURCE)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
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
    """The peers of a run; scratchnn also with OpenBLAS's AVX-512 kernels."""
    peers = [Peer("scratchnn", "scratchnn"), Peer("scratchnn, AVX-512 BLAS", "scratchnn", AVX512)]
    return [*peers, *(Peer(kind, kind) for kind in wanted)]


def measure(
    family: Family, model: Path, peers: list[Peer], folder: Path, batches: list[int], rounds: int
) -> list[dict[str, Any]]:
    """The times of all peers for a family: one entry a batch, peer and variant.

    Each round calls every variant of every peer; a call shorter than 20 ms is repeated within the round, and the
    round's time is the median of those.
    """
    variants = [
        (peer, name)
        for peer in peers
        for name in peer.ask(load=str(model)).get("variants", [])
        if not (peer.name.startswith("scratchnn,") and name == "forward")
    ]
    results = []
    for batch in batches:
        path = folder / f"{family.kind}-{family.length}-{batch}.npy"
        if not path.exists():
            np.save(path, family.input(batch))
        first = {pair: _first(*pair, path) for pair in variants if pair[1] != "forward" or batch <= PLAIN_BATCH}
        able = [pair for pair, seconds in first.items() if seconds is not None]
        if batch == batches[0]:
            _compare(family, able, path)
        calls = {pair: max(1, min(20, int(0.02 / (first[pair] or 1)))) for pair in able}
        times: dict[Any, list[float]] = {pair: [] for pair in able}
        cpu: dict[Any, list[float]] = {pair: [] for pair in able}
        for _ in range(rounds):
            for pair in able:
                answer = pair[0].ask(time=pair[1], input=str(path), calls=calls[pair])
                times[pair].append(statistics.median(answer["seconds"]))
                cpu[pair].append(statistics.median(answer["cpu"]))
        for pair in able:
            results.append(
                {
                    "model": family.name,
                    "batch": batch,
                    "peer": pair[0].name,
                    "variant": pair[1],
                    "seconds": times[pair],
                    "cpu": cpu[pair],
                    "multiplications": family.multiplications() * batch,
                }
            )
    return results


def _first(peer: Peer, variant: str, path: Path) -> float | None:
    """Seconds of a warm call; None where the peer cannot do it."""
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
