"""`Model.predict` on worker processes: the same results, faults of theirs, and an end that leaves nothing."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from scratchnn import WorkerProcesses
from scratchnn.engine.mailbox import Receiver, Sender
from scratchnn.errors import InputError, WorkerError
from scratchnn.models.graph import Model
from scratchnn.spec import LayerSpec, ModelSpec, NodeSpec, TensorRef

from .architectures import sample, small_cnn, small_lstm

SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="module")
def workers() -> Iterator[WorkerProcesses]:
    with WorkerProcesses(3) as workers:
        yield workers


def pids(workers: WorkerProcesses) -> list[int]:
    return [child._process.pid or 0 for child in workers._children]


@pytest.mark.parametrize("make", [small_cnn, small_lstm])
@pytest.mark.parametrize("samples", [1, 2, 33, 200])
def test_the_result_does_not_depend_on_the_number_of_processes(make, samples, workers) -> None:
    model = make()
    x = sample(model, samples)
    with WorkerProcesses(1) as alone:
        expected = model.predict(x, workers=alone)
    assert np.array_equal(model.predict(x, workers=workers), expected)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-6)


def test_other_processes_do_work(workers) -> None:
    """Each answers with its number, so that what comes from where shows."""
    model = small_cnn()
    model.predict(sample(model, 1))
    tiles: dict[int, bool] = {}
    plan = model._plan
    x = sample(model, 64)
    workers.run(
        plan,
        8,
        lambda place: [x[8 * place : 8 * place + 8]],
        lambda place: tiles.update({place: False}),
        lambda place, outputs: tiles.update({place: len(outputs[0]) == 8}),
    )
    assert sorted(tiles) == list(range(8))
    assert any(tiles.values())
    assert not tiles[7]  # the last one is never handed over


def test_a_single_tile_stays_here(workers) -> None:
    model = small_lstm()
    sent = [child._sent for child in workers._children]
    model.predict(sample(model, 16), workers=workers)
    assert [child._sent for child in workers._children] == sent


def test_several_inputs_and_outputs_of_any_dtype(workers) -> None:
    model = two_inputs()
    x = [np.arange(80, dtype=np.int32).reshape(40, 2), np.random.default_rng(0).normal(size=(40, 3))]
    expected = model.predict(x)
    for got, wanted in zip(model.predict(x, workers=workers), expected, strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def two_inputs() -> Model:
    layers = (
        LayerSpec("InputLayer", "ids", {"batch_shape": [None, 2], "dtype": "int32"}),
        LayerSpec("InputLayer", "numbers", {"batch_shape": [None, 3], "dtype": "float64"}),
        LayerSpec("ops.Add", "one_more", {}),
        LayerSpec("Softmax", "shares", {}),
    )
    refs = TensorRef("ids"), TensorRef("numbers")
    nodes = NodeSpec("one_more", 0, (refs[0], 1)), NodeSpec("shares", 0, (refs[1],))
    return Model(ModelSpec("two", "Functional", layers, nodes, refs, (TensorRef("one_more"), TensorRef("shares"))))


def test_new_weights_reach_the_processes(workers) -> None:
    model = small_cnn()
    x = sample(model, 100)
    model.predict(x, workers=workers)
    last = model.layers[-1]
    last.set_weights(*[2 * array for array in last.get_weights()])
    np.testing.assert_allclose(model.predict(x, workers=workers), model.forward(x), rtol=1e-5, atol=1e-6)


def test_more_models_than_a_process_keeps(workers) -> None:
    models = [small_lstm(seed) for seed in range(6)]
    x = sample(models[0], 40)
    for _ in range(2):
        for model in models:
            np.testing.assert_allclose(model.predict(x, workers=workers), model.forward(x), rtol=1e-5, atol=1e-6)


def test_threads_take_turns(workers) -> None:
    model = small_lstm()
    xs = [sample(model, 40 + seed, seed) for seed in range(4)]
    expected = [model.predict(x, workers=workers) for x in xs]
    wrong: list[int] = []

    def work(place: int) -> None:
        for _ in range(5):
            if not np.array_equal(model.predict(xs[place], workers=workers), expected[place]):
                wrong.append(place)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_fault_of_another_process_is_raised_here_and_the_next_call_works(workers) -> None:
    """Ids beyond the table, in the first half, which is not this process's alone."""
    model = small_lstm()
    x = sample(model, 160)
    for start in (0, 32, 64, 96, 128):
        wrong = x.copy()
        wrong[start] = 99
        with pytest.raises(InputError, match="99"):
            model.predict(wrong, workers=workers)
    assert model.predict(x, workers=workers).shape == (160, 3)


def test_a_process_that_ends_is_told_and_the_others_are_ended() -> None:
    model = small_lstm()
    with WorkerProcesses(2) as workers:
        os.kill(pids(workers)[0], signal.SIGKILL)
        with pytest.raises(WorkerError, match="ended before its work"):
            model.predict(sample(model, 200), workers=workers)
        with pytest.raises(WorkerError, match="closed"):
            model.predict(sample(model, 200), workers=workers)


def test_an_interruption_ends_the_processes() -> None:
    model = small_cnn()
    model.predict(sample(model, 1))
    x = sample(model, 64)

    def interrupt(place: int, outputs: object) -> None:
        raise KeyboardInterrupt

    workers = WorkerProcesses(2)
    with pytest.raises(KeyboardInterrupt):
        workers.run(model._plan, 8, lambda place: [x[8 * place : 8 * place + 8]], lambda place: None, interrupt)
    with pytest.raises(WorkerError, match="closed"):
        model.predict(x, workers=workers)


def test_closed_twice_and_closed_when_dropped() -> None:
    workers = WorkerProcesses(2)
    (child,) = workers._children
    workers.close()
    workers.close()
    assert child._process.exitcode == 0
    dropped = WorkerProcesses(2)
    (child,) = dropped._children
    del dropped
    assert child._process.exitcode == 0


def test_other_workers_are_refused() -> None:
    model = small_cnn()
    x = sample(model, 3)
    for workers in ("2", 2.0, [2]):
        with pytest.raises(InputError, match="expected a number of threads or WorkerProcesses"):
            model.predict(x, workers=workers)
    assert np.array_equal(model.predict(x, workers=np.int64(1)), model.predict(x, workers=1))


def test_a_count_below_1_is_refused() -> None:
    with pytest.raises(InputError, match="count: expected 1 or more, got 0"):
        WorkerProcesses(0)


def test_a_model_in_which_samples_meet_stays_here(workers) -> None:
    inputs = LayerSpec("InputLayer", "x", {"batch_shape": [None, 3], "dtype": "float32"})
    mean = LayerSpec("ops.Mean", "mean", {"axis": 0, "keepdims": True})
    nodes = (NodeSpec("mean", 0, (TensorRef("x"),)),)
    model = Model(ModelSpec("mean", "Functional", (inputs, mean), nodes, (TensorRef("x"),), (TensorRef("mean"),)))
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    assert np.array_equal(model.predict(x, workers=workers), model.forward(x))


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """No process, no shared memory, no warning, also where nobody closes."""
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np, scratchnn\n"
        "from engine.architectures import small_lstm, sample\n"
        "if __name__ == '__main__':\n"
        "    workers = scratchnn.WorkerProcesses(2)\n"
        "    model = small_lstm()\n"
        "    print(model.predict(sample(model, 300), workers=workers).shape)\n"
        "    print(*[child._process.pid for child in workers._children])\n"
    )
    paths = os.pathsep.join([str(SOURCE), str(Path(__file__).resolve().parents[1])])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    shape, pid = done.stdout.splitlines()
    assert (shape, done.stderr) == ("(300, 3)", "")
    assert not Path(f"/proc/{pid}").exists()


def test_a_letter_holds_arrays_of_any_kind() -> None:
    sender, receiver = Sender(), Receiver()
    try:
        for size in (1, 5, 1000, 0):  # a larger one needs another block
            arrays = [
                np.arange(size, dtype=np.int8),
                np.asfortranarray(np.arange(2.0 * size).reshape(2, size)),
                np.array(["text"] * size),
                np.array([None] * size, dtype=object),
                np.zeros((0, 3), np.float32),
            ]
            letter = sender.write(arrays)
            for got, wanted in zip(receiver.read(letter), arrays, strict=True):
                assert got.dtype == wanted.dtype
                assert got.shape == wanted.shape
                assert (got == wanted).all()
    finally:
        receiver.close()
        sender.close()
