"""`python -m benchmarks FOLDER` (in tests/, with src on the path) measures and writes docs/benchmarks.*.

--quick takes two models and batches, to see that everything works; --report only writes the document again. What
is measured is written after each model, and an interrupted run goes on with --resume.
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
from .runner import TESTS, input_file, measure, start_peers

DOCS = TESTS.parent / "docs"
BATCHES = [1, 32, 256, 1000]
FAMILIES = {family.name: family for family in REPORT}
PACKAGES = ("numpy", "keras", "tensorflow", "onnxruntime", "tf2onnx", "torch", "openvino")


def main() -> None:
    """Measure, and write JSON, table and plots."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("folder", type=Path, help="for model files and inputs; kept for the next run")
    parser.add_argument(
        "--minutes", type=float, default=20, help="that the run may take, once all files are there"
    )
    parser.add_argument("--rounds", type=int, default=15, help="of each model and batch, at most")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted run has measured")
    parser.add_argument("--models", nargs="+", metavar="NAME", help="only these (default: all of the report)")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of the document (default: docs)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "benchmarks.json"
    if not options.report:
        names = ["CNN 32-64", "BiLSTM 64"] if options.quick else options.models
        families = [family for family in REPORT if names is None or family.name in names]
        result = json.loads(path.read_text()) if options.resume else {"times": []}
        for _ in run(result, options.folder, options.rounds, families, options.minutes * 60, options.quick):
            path.write_text(json.dumps(result, separators=(",", ":")) + "\n")  # a crash loses little
    document.write(json.loads(path.read_text()), options.output)


def run(
    result: dict[str, Any], folder: Path, rounds: int, families: list[Family], seconds: float, quick: bool
) -> Iterator[None]:
    """Everything that is not in `result` yet is measured and put there; control comes back after each part."""
    cold, large = FAMILIES["BiLSTM 64"], FAMILIES["CNN 32-64"]
    models = {family.name: export(family, folder) for family in (*families, cold, large)}
    batches = BATCHES[: 2 if quick else 4]
    started = time.time()
    shares = {"times": 0.7 * seconds, "scaling": 0.1 * seconds}  # the rest is starts and memory

    def passed(what: str) -> None:
        print(f"{time.time() - started:5.0f} s  {what}", file=sys.stderr, flush=True)

    result |= {"machine": machine(), "rounds": rounds, "sgemm": resources.sgemm_rates()}
    if "cold" not in result:
        one = input_file(cold, folder, 1)
        result["cold"] = resources.cold_starts(models[cold.name], one, 2 if quick else 3)
        passed("cold starts")
        yield
    if "peaks" not in result:
        images = input_file(large, folder, batches[-1])
        kinds = ["scratchnn", "tensorflow", "onnxruntime", "torch", "openvino"]
        result["peaks"] = resources.peaks(models[large.name], images, kinds)
        result["many"] = resources.memory_of_many(models[large.name], folder, 2_000 if quick else 100_000)
        passed("memory")
        yield
    measured = {entry["model"] for entry in result["times"]}
    left = [family for family in families if family.name not in measured]
    peers = start_peers(["tensorflow", "onnxruntime", "onnxruntime native", "torch", "openvino"])
    for place, family in enumerate(left):
        remaining = shares["times"] - (time.time() - started)
        cell = max(remaining, 0) / (len(left) - place) / len(batches) / 2  # half of it loads and warms up
        result["times"] += measure(family, models[family.name], peers, folder, batches, rounds, cell)
        passed(family.name)
        yield
    for peer in peers:
        peer.close()
    result["sgemm after"] = resources.sgemm_rates()
    if "scaling" not in result:
        result["scaling"] = scaling.climb(folder, rounds, shares["scaling"])
        passed("scaling")
        yield
    if "loops" not in result:
        loops, result["loops"] = start_peers(["naive"]), []
        for family in (large, cold):
            result["loops"] += measure(family, models[family.name], loops, folder, [1], 3, 5)
        for peer in loops:
            peer.close()
        passed("loops")
    result["minutes"] = (time.time() - started) / 60
    yield


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
        "python": platform.python_version(),
        "packages": found,
        "kernels": resources.kernels(),
        "load": os.getloadavg()[0],
    }


if __name__ == "__main__":
    main()
