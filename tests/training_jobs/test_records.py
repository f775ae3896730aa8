"""The records are what the report is made from: complete, current, and small."""

from pathlib import Path

import pytest
from jobs_support import finish, with_training

from training_jobs.claims import MIN_SEEDS
from training_jobs.cli import main
from training_jobs.experiments import Convolutional, Training, Variation, report_variations, variations
from training_jobs.records import DEFAULT_RECORDS, finished_trials, keep_records
from training_jobs.run_store import finished_runs

CNN = report_variations()["cnn_32_k3_max"]
TRIAL = Variation(Convolutional((4,)), Training(1, 8), tag="search_cnn_1", trial=True)


@pytest.fixture
def runs(tmp_path):
    root = tmp_path / "runs"
    finish(CNN, 0, 0.5, root)
    finish(CNN, 1, 0.6, root)
    finish(TRIAL, 0, 0.7, root)
    return root


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_runs_are_kept_without_their_models(runs, tmp_path, capsys):
    (next(runs.glob("cnn_32_k3_max/seed-0-*")) / "model.keras").write_bytes(b"large")
    records = tmp_path / "records"
    assert main(["record", "--runs", str(runs), "--records", str(records)]) == 0
    assert capsys.readouterr().out == f"kept the records of 3 runs in {records}\n"
    assert sorted(files(records)) == [
        f"{folder}/{name}"
        for folder in ("cnn_32_k3_max/seed-0", "cnn_32_k3_max/seed-1", "search_cnn_1/seed-0")
        for name in ("history.csv", "run.json")
    ]
    assert [run.record()["test"] for run in finished_runs(CNN, records)] == [
        run.record()["test"] for run in finished_runs(CNN, runs)
    ]
    assert [run.record()["name"] for run in finished_trials(records)] == ["search_cnn_1"]


def test_each_fold_of_a_trial_has_its_record(tmp_path):
    for fold in (0, 1):
        finish(with_training(TRIAL, fold=fold), 0, 0.5 + fold / 10, tmp_path / "runs")
    assert keep_records(tmp_path / "runs", tmp_path / "records") == 2
    found = {
        run.folder.name: run.record()["validation"]["macro_f1"] for run in finished_trials(tmp_path / "records")
    }
    assert found == {"seed-0-fold-0": 0.5, "seed-0-fold-1": 0.6}


def test_recording_again_replaces_and_keeps_what_has_no_run_any_more(runs, tmp_path):
    records = tmp_path / "records"
    keep_records(runs, records)
    later = tmp_path / "later"
    finish(CNN, 1, 0.9, later, data="other")
    keep_records(later, records)
    assert [run.record()["test"]["macro_f1"] for run in finished_runs(CNN, records)] == [0.5, 0.9]


def test_records_of_other_settings_are_dropped(runs, tmp_path):
    records = tmp_path / "records"
    keep_records(runs, records)
    before = files(records)
    finish(Variation(CNN.architecture, Training(epochs=99, batch_size=1), tag=CNN.name), 2, 0.1, records)
    finish(Variation(CNN.architecture, CNN.training, tag="gone"), 0, 0.1, records)
    assert len(files(records)) == len(before) + 4
    keep_records(runs, records)
    assert files(records) == before


@pytest.mark.parametrize("name", variations())
def test_every_variation_is_recorded_with_enough_seeds(name):
    runs = list(finished_runs(variations()[name], DEFAULT_RECORDS))
    assert len(runs) >= MIN_SEEDS
    for run in runs:
        assert run.folder.name == f"seed-{run.record()['seed']}"
        assert run.record()["settings"]["training"]["max_rows"] is None
