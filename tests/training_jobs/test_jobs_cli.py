"""The command line, as its users run it: in processes of its own."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from jobs_support import REPOSITORY, clean_environment, command, in_fresh_process
from jobs_support import SMOKE as NAME

from training_jobs.cli import main
from training_jobs.experiments import variations


def test_list_names_every_variation(tmp_path, capsys):
    assert main(["list", "--runs", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(variations())
    assert any("CNN depth: 32-64; CNN filters: 32-64; CNN kernel: 3x3; CNN pooling: max" in line for line in lines)


def test_list_needs_no_tensorflow():
    code = "import sys; from training_jobs.cli import main; main(['list']); sys.exit('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env=clean_environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "cnn_9"], "unknown: cnn_9; expected names of: cnn_32_k3_max"),
        (["run", NAME, "--data", "nowhere"], "expected the folder"),
        (["run", NAME, "--jobs", "0"], "--jobs: expected 1 or more, received 0"),
        (["run", NAME, "--backend", "dask"], "expected --scheduler ADDRESS"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.delenv("SCRATCHNN_DATA", raising=False)
    assert main([*arguments, "--runs", str(tmp_path / "runs")]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("seeds", ["", "a", "0,-1", "1.5"])
def test_bad_seeds_are_refused(capsys, seeds):
    with pytest.raises(SystemExit):
        main(["run", NAME, "--seeds", seeds])
    assert "expected" in capsys.readouterr().err


@pytest.mark.keras
def test_smoke_training(trained):
    runs, done = trained
    records = [json.loads(path.read_text()) for path in runs.glob(f"{NAME}/*/run.json")]
    assert sorted(record["seed"] for record in records) == [0, 1]
    assert sorted(line.split(":")[0] for line in done.stdout.splitlines()) == [f"{NAME} seed 0", f"{NAME} seed 1"]
    assert "30/30" in done.stderr  # epochs


@pytest.mark.keras
def test_finished_runs_are_skipped(trained, nusax_folder):
    runs, _ = trained
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
    done = command("run", NAME, "--seeds", "0,1", "--data", nusax_folder, "--runs", runs)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*")} == before


@pytest.mark.keras
def test_a_killed_run_goes_on_to_the_same_model(trained, nusax_folder, tmp_path):
    arguments = ["run", NAME, "--seeds", "0", "--data", str(nusax_folder), "--runs", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "training_jobs", *arguments],
        cwd=REPOSITORY, env=clean_environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 300  # TensorFlow's import alone may take a minute on a busy machine
    try:
        while not list(tmp_path.glob("*/*.partial/epoch-*")):
            assert process.poll() is None, "the run ended before it had a checkpoint"
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert list(tmp_path.glob("*/*/run.json")) == []

    done = command(*arguments)

    assert done.returncode == 0, done.stderr
    (resumed,) = (path.parent for path in tmp_path.glob("*/*/run.json"))
    whole = trained[0] / NAME / resumed.name
    with np.load(resumed / "outputs.npz") as ours, np.load(whole / "outputs.npz") as theirs:
        np.testing.assert_array_equal(ours["test_probabilities"], theirs["test_probabilities"])
    assert (resumed / "history.csv").read_text() == (whole / "history.csv").read_text()


def regenerate_thrice(data, runs, golden):
    """Regenerate without --yes, with it, and all there are; return each exit code, output and the files there."""
    steps = []
    for more in ([NAME], [NAME, "--yes"], ["--yes"]):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            options = ["--data", str(data), "--runs", str(runs), "--golden", str(golden)]
            code = main(["regenerate", *more, *options])
        files = {str(path.relative_to(golden)): path.read_bytes() for path in golden.rglob("*") if path.is_file()}
        steps.append((code, output.getvalue(), files))
    return steps


@pytest.mark.keras
def test_regenerate_prints_the_drift_and_replaces_only_when_told(trained, nusax_folder, tmp_path):
    first, second, third = in_fresh_process(regenerate_thrice, nusax_folder, trained[0], tmp_path)

    assert first == (1, f"{NAME}: new\nnothing was replaced\n", {})

    code, _, made = second
    assert code == 0
    assert set(made) == {"manifest.json"} | {
        f"{NAME}/{name}" for name in ("model.keras", "golden.npz", "metrics.json", "history.csv", "vocabulary.txt")
    }

    code, output, files = third
    assert code == 0
    assert output.startswith(f"{NAME}: probe outputs differ by 0 at most; label agreement 1.0000; macro-F1 ")
    assert files == made
