"""What `Model.predict` promises whatever the plan does: tiles, threads, errors, staleness."""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scratchnn.engine import compile_model
from scratchnn.engine.tiles import run_tiles
from scratchnn.errors import InputError
from scratchnn.models.graph import Model

from .architectures import Builder, sample, small_cnn, small_lstm
from .judge import judge

SOURCE = Path(__file__).resolve().parents[2] / "src"
MODELS = pytest.mark.parametrize("make", [small_cnn, small_lstm])
Make = Callable[[], Model]


@MODELS
@pytest.mark.parametrize("workers", [1, 2, 3, 16])
def test_the_result_does_not_depend_on_the_workers(make: Make, workers: int) -> None:
    model = make()
    x = sample(model, 200)
    alone = model.predict(x, batch_size=16, workers=1)
    assert np.array_equal(model.predict(x, batch_size=16, workers=workers), alone)
    assert np.array_equal(model.predict(x, batch_size=16), alone)


@MODELS
def test_threads_may_share_a_model(make: Make) -> None:
    model = make()
    xs = [sample(model, 5 + 7 * seed, seed) for seed in range(6)]
    expected = [model.predict(x, batch_size=8, workers=1) for x in xs]
    wrong: list[int] = []

    def work(place: int) -> None:
        for _ in range(20):
            if not np.array_equal(model.predict(xs[place], batch_size=8), expected[place]):
                wrong.append(place)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@MODELS
def test_a_result_is_not_overwritten_by_the_next_call(make: Make) -> None:
    model = make()
    first = model.predict(sample(model, 3, 1))
    kept = first.copy()
    model.predict(sample(model, 3, 2))
    assert np.array_equal(first, kept)


@MODELS
def test_the_input_stays_and_may_be_of_any_layout(make: Make) -> None:
    model = make()
    x = sample(model, 9)
    before, expected = x.copy(), model.predict(x)
    x.setflags(write=False)
    assert np.array_equal(model.predict(x), expected)
    assert np.array_equal(x, before)
    doubled = np.repeat(x, 2, axis=0)[::2]
    assert np.array_equal(model.predict(doubled), expected)
    assert np.array_equal(model.predict(np.asfortranarray(x)), expected)


@MODELS
def test_new_weights_make_a_new_plan(make: Make) -> None:
    model, other = make(), make()
    x = sample(model, 4)
    before = model.predict(x)
    head = model.layers[-1]
    W, b = head.get_weights()
    head.set_weights(W[:, ::-1], b[::-1])
    np.testing.assert_allclose(model.predict(x), before[:, ::-1], rtol=1e-5)
    assert np.array_equal(other.predict(x), before)


@MODELS
def test_another_dtype_makes_another_plan(make: Make) -> None:
    model = make()
    x = sample(model, 4)
    single = model.predict(x)
    double = model.astype(np.float64)
    assert double.predict(x).dtype == np.float64
    assert np.array_equal(double.predict(x), double.forward(x))
    assert np.array_equal(model.predict(x), single)


@MODELS
def test_a_model_that_has_predicted_can_be_pickled(make: Make) -> None:
    model = make()
    x = sample(model, 4)
    expected = model.predict(x)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(x), expected)


@MODELS
def test_faults_of_the_input_are_those_of_forward(make: Make) -> None:
    model = make()
    x = sample(model, 4)
    bad = [x[:, 1:], x.astype(str), x[:0], np.where(np.arange(x.size).reshape(x.shape) == 5, -1, x)]
    for given in bad[: 4 if make is small_lstm else 3]:
        with pytest.raises(InputError) as plain:
            model.forward(given)
        with pytest.raises(InputError) as fast:
            model.predict(given)
        assert str(fast.value) == str(plain.value)


@pytest.mark.parametrize("option", ["batch_size", "workers"])
def test_a_number_below_1_is_refused(option: str) -> None:
    model = small_cnn()
    for wrong in (0, -1) if option == "workers" else (0, 1.5, "a"):
        with pytest.raises(InputError, match=f"{option}: expected 1 or more, got {wrong!r}"):
            model.predict(sample(model, 2), **{option: wrong})


def test_tiles_run_on_at_most_so_many_threads() -> None:
    seen: set[int] = set()
    barrier = threading.Barrier(3, timeout=10)

    def work(place: int) -> None:
        seen.add(threading.get_ident())
        barrier.wait()  # passes only if three threads are here at once

    run_tiles(work, 9, 3)
    assert len(seen) == 3


def test_the_first_fault_is_raised_and_ends_the_rest() -> None:
    done: list[int] = []

    def work(place: int) -> None:
        done.append(place)
        if place >= 2:
            raise ValueError(f"tile {place}")

    with pytest.raises(ValueError, match="tile 2"):
        run_tiles(work, 50, 1)
    assert done == [0, 1, 2]


def test_a_small_batch_is_shared_by_threads() -> None:
    model = small_cnn()
    plan = compile_model(model)
    sizes = {n: plan.tile_size({model.spec.inputs[0]: sample(model, n)}) for n in (1, 32, 256, 1000)}
    assert sizes == {1: 16, 32: 16, 256: 64, 1000: 64}


def test_what_the_caller_gets_is_not_lost_in_a_fused_step() -> None:
    """Every tensor in the middle is an output, too."""
    builder = Builder((None, 8, 8, 3)).conv(3, 8).add("ReLU").pool().add("Flatten").dense(72, 5)
    model = builder.model(every=True)
    x = sample(model, 3)
    judge(model, x)
    assert [output.shape[1:] for output in model.predict(x)] == [(6, 6, 8), (6, 6, 8), (3, 3, 8), (72,), (5,)]


def test_no_step_is_left_out() -> None:
    for model in (small_cnn(), small_lstm()):
        plan = compile_model(model)
        x = sample(model, 3)
        np.testing.assert_allclose(
            plan.predict({model.spec.inputs[0]: x})[0], model.forward(x), rtol=1e-5, atol=1e-6
        )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    run_tiles(lambda place: None, 8, 4)
    code = (
        "import multiprocessing, sys\n"
        "from scratchnn.engine.tiles import run_tiles\n"
        "barrier = __import__('threading').Barrier(2, timeout=20)\n"
        "def work(place): barrier.wait()\n"
        "run_tiles(work, 2, 2)\n"
        "process = multiprocessing.get_context('fork').Process(target=run_tiles, args=(work, 2, 2))\n"
        "process.start()\n"
        "process.join(30)\n"
        "sys.exit(process.exitcode)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env={**os.environ, "PYTHONPATH": str(SOURCE)}
    )
    assert done.returncode == 0


def test_more_calls_than_threads_that_are_kept() -> None:
    """Each caller's own thread does what no other has taken."""
    sums: list[int] = []

    def call() -> None:
        done: list[int] = []
        run_tiles(done.append, 50, 8)
        sums.append(sum(done))

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [sum(range(50))] * 20
