"""`python -m benchmarks FOLDER` (in tests/, with src on the path) measures and writes docs/benchmarks.*.

--quick takes two models and batches, to see that everything works; --report only writes the document again.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import document, resources, scaling
from .export import export
from .families import REPORT, Family
from .runner import TESTS, measure, start_peers

DOCS = TESTS.parent / "docs"
BATCHES = [1, 32, 256, 1000]
PACKAGES = ("numpy", "keras", "tensorflow", "onnxruntime", "tf2onnx", "torch", "openvino")


def main() -> None:
    """Measure, and write JSON, table and plots."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("folder", type=Path, help="for model files and inputs; kept for the next run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--add", action="store_true", help="keep the times of other models")
    parser.add_argument("--models", nargs="+", metavar="NAME", help="only these (default: all of the report)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if not options.report:
        DOCS.mkdir(exist_ok=True)
        names = ["CNN 32-64", "BiLSTM 64"] if options.quick else options.models
        families = [family for family in REPORT if names is None or family.name in names]
        kept = json.loads((DOCS / "benchmarks.json").read_text())["times"] if options.add else []
        kept = [entry for entry in kept if entry["model"] not in {family.name for family in families}]
        for result in run(options.folder, options.rounds, families, options.quick):  # so that a crash loses little
            result["times"] = kept + [entry for entry in result["times"] if entry not in kept]
            (DOCS / "benchmarks.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
    document.write(json.loads((DOCS / "benchmarks.json").read_text()), DOCS)


def run(folder: Path, rounds: int, families: list[Family], quick: bool) -> Iterator[dict[str, Any]]:
    """Everything that is measured, as plain data, after each part."""
    started = time.time()
    models = {family.name: export(family, folder) for family in families}
    result: dict[str, Any] = {
        "machine": machine(),
        "rounds": rounds,
        "sgemm": resources.sgemm_rates(),
        "times": [],
    }
    peers = start_peers(["tensorflow", "onnxruntime", "onnxruntime native", "torch", "openvino"])
    for family in families:
        result["times"] += measure(
            family, models[family.name], peers, folder, BATCHES[: 2 if quick else 4], rounds
        )
        print(f"{time.time() - started:5.0f} s  {family.name}", file=sys.stderr, flush=True)
        yield result
    for peer in peers:
        peer.close()
    result["sgemm after"] = resources.sgemm_rates()
    lstm, cnn = folder / "BiLSTM_64-100.keras", folder / "CNN_32-64-32.keras"
    result["cold"] = resources.cold_starts(lstm, folder / "lstm-100-1.npy", 2 if quick else 3)
    yield result
    large = folder / f"cnn-32-{BATCHES[1 if quick else 3]}.npy"
    result["peaks"] = resources.peaks(cnn, large, ["scratchnn", "tensorflow", "onnxruntime", "torch", "openvino"])
    yield result
    result["many"] = resources.memory_of_many(cnn, folder, 2_000 if quick else 100_000)
    yield result
    result["scaling"] = scaling.climb(folder, rounds)
    yield result
    loops = start_peers(["naive"])
    for family in (f for f in families if f.name in ("CNN 32-64", "BiLSTM 64")):
        result["loops"] = [
            *result.get("loops", []),
            *measure(family, models[family.name], [loops[0], loops[2]], folder, [1], 1),
        ]
    for peer in loops:
        peer.close()
    result["minutes"] = (time.time() - started) / 60
    yield result


def machine() -> dict[str, Any]:
    """What ran where; the load tells how much else was going on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "avx512": any("avx512f" in line for line in lines),
        "python": platform.python_version(),
        "packages": found,
        "load": os.getloadavg()[0],
        "niceness": os.nice(0),
    }


if __name__ == "__main__":
    main()
