"""How strong a run was: examples, time and branches that fired, counted by layer.

Each process of a run counts for itself; the one that prints the report adds up what the others handed over.
"""

import json
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

examples: Counter[str] = Counter()
seconds: Counter[str] = Counter()
fired: defaultdict[str, Counter[str]] = defaultdict(Counter)
worst: defaultdict[str, float] = defaultdict(float)
memory_of_others: list[float] = []


@contextmanager
def example(layer: str) -> Iterator[None]:
    """Counts one example of a layer and its time."""
    start = time.perf_counter()
    examples[layer] += 1
    try:
        yield
    finally:
        seconds[layer] += time.perf_counter() - start


def counted() -> dict[str, Any]:
    """What this process counted, as plain values: another process may `add` it."""
    return {
        "examples": dict(examples),
        "seconds": dict(seconds),
        "fired": {layer: dict(counts) for layer, counts in fired.items()},
        "worst": {layer: float(ratio) for layer, ratio in worst.items()},
        "memory": peak_memory(),
    }


def add(other: dict[str, Any]) -> None:
    """Add what another process counted."""
    examples.update(other["examples"])
    seconds.update(other["seconds"])
    for layer, counts in other["fired"].items():
        fired[layer].update(counts)
    for layer, ratio in other["worst"].items():
        worst[layer] = max(worst[layer], ratio)
    memory_of_others.append(other["memory"])


def peak_memory() -> float:
    """The largest memory so far in GB, of this process and of the others: no less than of all at one time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6 + sum(memory_of_others)


def report() -> Iterator[str]:
    """The lines for the end of a run."""
    if not examples:
        return
    yield f"{'layer':28} {'examples':>8} {'per second':>10} {'worst':>6}  branches (share of examples compared)"
    for layer in sorted(examples):
        compared = fired[layer]["compared"]
        shares = [
            f"{name} {count / compared:.0%}" for name, count in sorted(fired[layer].items()) if name != "compared"
        ]
        rate = examples[layer] / max(seconds[layer], 1e-9)
        yield f"{layer:28} {examples[layer]:8} {rate:10.1f} {worst[layer]:6.2f}  {', '.join(shares)}"
    total, took = sum(examples.values()), sum(seconds.values())
    yield f"{'all':28} {total:8} {total / took:10.1f} {max(worst.values(), default=0):6.2f}"
    yield f"peak memory {peak_memory():.2f} GB"


def write(path: Path, **more: object) -> None:
    """The figures of the run as JSON, for docs/suite.md; `more` goes beside them."""
    layers = {
        layer: {"examples": examples[layer], "seconds": seconds[layer], "worst": worst[layer]}
        for layer in examples
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**more, "layers": layers, "peak_memory_gb": peak_memory()}, indent=1))
