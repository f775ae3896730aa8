"""Cold starts, peak memory, memory growth, and the machine's own rate of matrix products."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from .runner import Peer, environment

SCRATCHNN = "from scratchnn.cli import main; main(['predict', {model!r}, {x!r}, '-o', {out!r}])"
KERAS = "import keras, numpy as np; keras.models.load_model({model!r}).predict(np.load({x!r}), verbose=0)"
ONNX = (
    "import onnxruntime as ort, numpy as np; s = ort.InferenceSession({onnx!r}); "
    "s.run(None, {{s.get_inputs()[0].name: np.load({x!r})}})"
)
# The peak of the process itself, in kB. Not ru_maxrss: a new process starts with that of its parent.
PEAK = "\nprint(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
RATE = """
import numpy as np, time, json, sys
a = np.ones((1536, 1536), np.float32)
a @ a
times = []
for _ in range(7):
    start = time.perf_counter()
    a @ a
    times.append(time.perf_counter() - start)
print(2 * 1536**3 / sorted(times)[3] / 1e9)
"""


def _run(code: str, **variables: str) -> tuple[float, str]:
    """Seconds and the last line of output of a fresh Python process."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(TF_CPP_MIN_LOG_LEVEL="3", **variables),
    )
    assert done.returncode == 0, code
    return time.perf_counter() - start, done.stdout.splitlines()[-1]


def sgemm_rates() -> dict[str, float]:
    """GFLOP/s of a large float32 product in NumPy, by threads."""
    return {name: float(_run(RATE, OPENBLAS_NUM_THREADS=name[0])[1]) for name in ("1 thread", "2 threads")}


def kernels() -> str:
    """The kernels that NumPy's OpenBLAS chooses here."""
    name = _run("from scratchnn.engine.blas import kernels; print(kernels())")[1]
    return name if name != "None" else "those of another BLAS"


def cold_starts(model: Path, x: Path, rounds: int) -> list[dict[str, Any]]:
    """From the start of a process to its end with one answer, in turn."""
    out = model.with_suffix(".answer.npy")
    names = {"model": str(model), "x": str(x), "onnx": str(model.with_suffix(".onnx")), "out": str(out)}
    cases = {"scratchnn": SCRATCHNN, "onnxruntime": ONNX, "keras": KERAS}
    found: dict[str, list[tuple[float, str]]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, code in cases.items():
            found[name].append(_run(code.format(**names) + PEAK))
    return [
        {
            "peer": name,
            "seconds": statistics.median(seconds for seconds, _ in runs),
            "megabytes": statistics.median(float(peak) / 1024 for _, peak in runs),
        }
        for name, runs in found.items()
    ]


def peaks(model: Path, x: Path, kinds: list[str]) -> list[dict[str, Any]]:
    """Peak memory of a process that loads the model and runs one large batch with each variant."""
    results = []
    for kind in kinds:
        peer = Peer(kind, kind)
        variants = [name for name in peer.ask(load=str(model)).get("variants", []) if name != "forward"]
        before = peer.ask(memory=True)["peak"]
        for name in variants:
            peer.ask(time=name, input=str(x), calls=1)
        results.append({"peer": kind, "loaded": before, "peak": peer.ask(memory=True)["peak"]})
        peer.close()
    return results


GROWTH = """
import json
import numpy as np
from scratchnn import load_model
model = load_model({model!r})
x = np.load({x!r}, mmap_mode="r")
model.predict(x[:256])
def peak():  # not ru_maxrss: a new process starts with that of its parent
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
before = peak()
y = model.predict(x)
after = peak()
sizes = {{"output": y.nbytes / 2**20, "input": x.nbytes / 2**20}}
print(json.dumps({{"before": before / 1024, "after": after / 1024, **sizes}}))
"""


def memory_of_many(model: Path, folder: Path, count: int = 100_000) -> dict[str, Any]:
    """Peak memory of `predict` on so many images of a memory-mapped file; mapped pages of the input count too."""
    path = folder / f"many-{count}.npy"
    if not path.exists():
        array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, 32, 32, 3))
        rng = np.random.default_rng(0)
        for start in range(0, count, 10_000):
            array[start : start + 10_000] = rng.integers(0, 256, (min(10_000, count - start), 32, 32, 3), np.uint8)
        array.flush()
        del array
    return {"count": count, **json.loads(_run(GROWTH.format(model=str(model), x=str(path)))[1])}
