"""The progress bar counts the epochs that lie in the folders of runs."""

import pytest
from jobs_support import finish, with_training

from training_jobs import progress
from training_jobs.experiments import report_variations
from training_jobs.jobs import Job
from training_jobs.progress import epochs_trained, progress_bar
from training_jobs.run_store import RunKey, open_partial

VARIATION = report_variations()["lstm_1x32_both"]


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "run_key", key)
    return lambda seed: Job(VARIATION, seed, None, tmp_path)


def key(job):
    return RunKey(job.variation, job.seed, "data")


def checkpoint(job, epochs):
    with open_partial(key(job), job.root) as checkpoints:
        checkpoints.save(epochs, lambda folder: (folder / "state").write_text(""))


def test_epochs_are_counted_by_the_checkpoints(job, tmp_path):
    assert epochs_trained(key(job(0)), tmp_path) == 0
    checkpoint(job(0), 3)
    assert epochs_trained(key(job(0)), tmp_path) == 3
    checkpoint(job(0), 12)
    assert epochs_trained(key(job(0)), tmp_path) == 12


def test_a_finished_run_has_all_epochs_behind_it(job, tmp_path):
    finish(VARIATION, 0, 0.5, tmp_path)
    assert epochs_trained(key(job(0)), tmp_path) == 15


def test_a_checkpoint_of_other_settings_does_not_count(job, tmp_path):
    checkpoint(Job(with_training(VARIATION, epochs=20), 0, None, tmp_path), 7)
    assert epochs_trained(key(job(0)), tmp_path) == 0


def test_the_bar_begins_with_what_is_there_and_ends_with_all(job, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "_SECONDS", 0.01)
    finish(VARIATION, 0, 0.5, tmp_path)
    with progress_bar([job(0), job(1)]) as bar:
        assert (bar.initial, bar.total) == (15, 30)
        finish(VARIATION, 1, 0.5, tmp_path)
    assert bar.n == 30
    assert "30/30" in capsys.readouterr().err
