"""How time grows with batch, sequence length, units, filters and image size."""

from pathlib import Path
from typing import Any

from .families import Family
from .runner import Peer, measure

LADDERS: dict[str, list[tuple[int, Family, int]]] = {
    "batch, CNN 32-64": [(n, Family("CNN 32-64", "cnn", (32, 64)), n) for n in (1, 4, 16, 64, 256, 1024)],
    "batch, BiLSTM 64": [(n, Family("BiLSTM 64", "lstm", (64,), both=True), n) for n in (1, 4, 16, 64, 256, 1024)],
    "image side, CNN 32": [(s, Family("CNN 32", "cnn", (32,), size=s), 16) for s in (16, 32, 64, 128)],
    "filters, CNN": [(f, Family(f"CNN {f}-{f}", "cnn", (f, f)), 16) for f in (8, 16, 32, 64, 128)],
    "length, LSTM 64": [(t, Family("LSTM 64", "lstm", (64,), size=t), 32) for t in (25, 50, 100, 200, 400)],
    "units, LSTM": [(u, Family(f"LSTM {u}", "lstm", (u,)), 32) for u in (16, 32, 64, 128, 256)],
}


def climb(folder: Path, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """The times of scratchnn on every rung, in about so many seconds."""
    from .export import keras_file

    peers = [Peer("scratchnn", "scratchnn")]
    results = []
    rungs_in_all = sum(map(len, LADDERS.values()))
    for ladder, rungs in LADDERS.items():
        for place, family, batch in rungs:
            for entry in measure(
                family, keras_file(family, folder), peers, folder, [batch], rounds, seconds / rungs_in_all
            ):
                if entry["variant"] == "predict":
                    results.append({**entry, "ladder": ladder, "x": place})
    peers[0].close()
    return results
