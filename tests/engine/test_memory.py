"""Memory is bounded by the tile, not by the number of samples."""

import gc
import json
import os
import subprocess
import sys
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest

from scratchnn.engine import Plan
from scratchnn.engine.plan import KEPT_WORKSPACES, TILE_BYTES

from .architectures import Builder

SOURCE = Path(__file__).resolve().parents[2] / "src"
TESTS = Path(__file__).resolve().parents[1]

# Peak memory of a process before and after the prediction of all rows of a memory-mapped file.
SCRIPT = """
import json, sys
import numpy as np
from engine.architectures import Builder
# Not ru_maxrss: a new process starts with that of its parent.
peak = lambda: 1024 * int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
builder = Builder((None, 32, 32, 3)).conv(3, 32, padding="same", activation="relu").pool()
builder.conv(32, 64, padding="same", activation="relu").pool().add("Flatten")
model = builder.dense(4096, 16, "relu").dense(16, 10, "softmax").model()
x = np.load(sys.argv[1], mmap_mode="r")
model.predict(x[:256])
before = peak()
y = model.predict(x)
print(json.dumps([peak() - before, y.nbytes + x.nbytes]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
def test_memory_does_not_grow_with_the_batch(tmp_path: Path) -> None:
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (6000, 32, 32, 3), np.uint8))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (SOURCE, TESTS)))}
    command = [sys.executable, "-c", SCRIPT, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    grown, unavoidable = json.loads(done.stdout)
    # The output, and pages of the input that stay mapped; what is left must be no tensor of the whole batch, the
    # smallest of which (the output of the first Dense layer) is below this limit and all others far above.
    assert grown < unavoidable + 20 * 2**20


def test_tiles_get_smaller_as_samples_get_larger() -> None:
    def tile(side: int) -> int:
        model = Builder((None, None, None, 3)).conv(3, 8, padding="same").model()
        x = np.zeros((1, side, side, 3), np.float32)
        model.predict(x)
        assert isinstance(model._plan, Plan)
        return model._plan.tile_size({model.spec.inputs[0]: x})

    assert tile(32) == 16
    assert tile(512) == 1


def test_tiles_are_smaller_where_a_plain_convolution_unfolds_its_input() -> None:
    """One copy for each of nine taps, of eight bytes a number."""
    x = np.zeros((1000, 32, 32, 16))
    model = Builder((None, 32, 32, 16)).conv(16, 16, padding="same").model().astype(np.float64)
    model.predict(x[:1])
    assert isinstance(model._plan, Plan)
    tile = model._plan.tile_size({model.spec.inputs[0]: x})
    assert tile * x[0].nbytes * 9 <= TILE_BYTES < 2 * tile * x[0].nbytes * 9


def test_inputs_of_many_sizes_leave_few_buffers() -> None:
    """Those of the last calls are kept, and of no other."""
    held = []
    tracemalloc.start()
    try:
        for sides in (range(40, 40 + KEPT_WORKSPACES), range(8, 48)):
            before = tracemalloc.get_traced_memory()[0]
            model = Builder((None, None, None, 3)).conv(3, 8, padding="same", activation="relu").model()
            for side in sides:
                model.predict(np.zeros((1, side, side, 3), np.float32), workers=1)
            held.append(tracemalloc.get_traced_memory()[0] - before)
            del model
    finally:
        tracemalloc.stop()
    few, many = held
    assert few > 2**20
    assert many < 1.1 * few


def test_a_dropped_model_is_freed_at_once() -> None:
    """With all that its plan holds, before any garbage collection."""
    model = Builder((None, 8, 8, 3)).conv(3, 8).add("Flatten").dense(288, 2).model()
    model.predict(np.zeros((1, 8, 8, 3), np.float32))
    dropped = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert dropped() is None
    finally:
        gc.enable()
