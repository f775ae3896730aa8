"""Runs on a Dask cluster: a worker that is killed costs nothing but time."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from jobs_support import REPOSITORY, clean_environment
from jobs_support import SMOKE as NAME

from training_jobs.cli import main

SEEDS = (0, 1, 2, 3)
CLUSTER = """
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )
    print(cluster.scheduler_address, *(worker.pid for worker in cluster.workers.values()), flush=True)
    sys.stdin.read()
    cluster.close()
"""


@pytest.fixture
def cluster(tmp_path):
    """Start a scheduler with two worker processes; give its address and the workers' ids."""
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    environment = clean_environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, script],
        cwd=REPOSITORY, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        address, *workers = process.stdout.readline().split()
        try:
            yield address, [int(worker) for worker in workers]
        finally:
            process.stdin.close()
            process.wait(timeout=60)


@pytest.mark.keras
def test_every_run_finishes_once_though_a_worker_is_killed(cluster, trained, nusax_folder, tmp_path):
    address, workers = cluster
    assert len(workers) == 2
    runs = tmp_path / "runs"
    arguments = ["run", NAME, "--seeds", ",".join(map(str, SEEDS)), "--data", str(nusax_folder)]
    arguments += ["--runs", str(runs), "--backend", "dask", "--scheduler", address]
    with subprocess.Popen(
        [sys.executable, "-m", "training_jobs", *arguments],
        cwd=REPOSITORY, env=clean_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 180
        while not list(runs.glob("*/*.partial/epoch-*")):
            assert process.poll() is None, "the command ended before a run had a checkpoint"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(workers[0], signal.SIGKILL)
        output, _ = process.communicate(timeout=300)

    assert process.returncode == 0
    assert sorted(line.split(":")[0] for line in output.splitlines()) == [f"{NAME} seed {s}" for s in SEEDS]
    records = [json.loads(path.read_text()) for path in runs.glob(f"{NAME}/*/run.json")]
    assert sorted(record["seed"] for record in records) == list(SEEDS)
    assert list(runs.glob("*/*.partial")) == []
    with pytest.raises(ProcessLookupError):
        os.kill(workers[0], 0)

    for seed in (0, 1):  # as without a cluster
        ours, theirs = (next(root.glob(f"{NAME}/seed-{seed}-*/history.csv")) for root in (runs, trained[0]))
        assert ours.read_text() == theirs.read_text()


def test_without_a_scheduler_it_is_said(nusax_folder, tmp_path, capsys, monkeypatch):
    from training_jobs import jobs

    monkeypatch.setattr(jobs, "_SCHEDULER_TIMEOUT_SECONDS", 1)
    arguments = ["run", NAME, "--data", str(nusax_folder), "--runs", str(tmp_path)]
    assert main([*arguments, "--backend", "dask", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "expected a Dask scheduler at 'tcp://127.0.0.1:9'" in capsys.readouterr().err
