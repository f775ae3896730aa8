"""The report is computed from the runs: its tables, its verdicts, its pictures."""

import csv
import os
from pathlib import Path

import pytest

from training_jobs.experiments import Variation, masked, report_variations
from training_jobs.report.comparison import compare_goldens
from training_jobs.report.render import write_report
from training_jobs.report.results import Scores, collect, experiment_results
from training_jobs.run_store import RunKey, write_folder, write_json

GOLDEN = Path(__file__).parents[2] / "golden"


def finish(variation: Variation, seed: int, macro_f1: float, runs: Path, data: str = "data") -> None:
    """Store a made-up finished run."""

    def write(folder: Path) -> None:
        scores = {"macro_f1": macro_f1, "accuracy": macro_f1 + 0.01}
        record = {
            "seed": seed, "settings_digest": variation.digest(), "parameters": 1234, "seconds": 10 + seed,
            "validation": scores, "test": scores,
        }  # fmt: skip
        write_json(folder / "run.json", record)
        with (folder / "history.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["epoch", "loss", "accuracy", "val_loss", "val_accuracy"])
            writer.writerows([[epoch, 1 / epoch, 0.5, 2 / epoch, 0.4] for epoch in (1, 2, 3)])

    write_folder(RunKey(variation, seed, data).folder(runs), write)


@pytest.fixture
def runs(tmp_path):
    """Return runs where depth holds for CNNs, and one direction wins for RNNs."""
    root = tmp_path / "runs"
    known = report_variations()
    scores = {
        "cnn_32_k3_max": 0.50, "cnn_32_64_k3_max": 0.60, "cnn_32_64_128_k3_max": 0.70,
        "rnn_5x32_one": 0.60, "rnn_5x32_both": 0.40,
    }  # fmt: skip
    for name, score in scores.items():
        for seed in range(3):
            finish(known[name], seed, score + seed / 100, root)
    for seed in range(3):
        finish(masked(known["rnn_5x32_both"]), seed, 0.65, root)
        finish(masked(known["rnn_5x32_one"]), seed, 0.55, root)
    return root


def test_verdicts_come_from_the_seeds(runs):
    verdicts = {result.claim.experiment: result.verdict for result in experiment_results(runs)}
    assert verdicts["CNN depth"] == "holds"
    assert verdicts["RNN direction"] == "does not hold"
    assert verdicts["LSTM depth"] == "too few seeds"
    with_mask = {result.claim.experiment: result.verdict for result in experiment_results(runs, mask=True)}
    assert with_mask["RNN direction"] == "holds"
    assert "CNN depth" not in with_mask


def test_a_seed_counts_once_though_trained_on_two_data_sets(runs):
    variation = report_variations()["cnn_32_k3_max"]
    finish(variation, 0, 0.9, runs, data="other")
    assert collect("32", variation, None, runs).seeds == (0, 1, 2)


@pytest.mark.parametrize(("values", "text"), [((), "–"), ((0.5,), "0.500"), ((0.5, 0.6), "0.550 ± 0.071")])
def test_scores_in_words(values, text):
    assert str(Scores(values)) == text


@pytest.fixture
def written(runs, nusax_folder, tmp_path):
    target = tmp_path / "replication"
    write_report(target, runs, tmp_path / "no goldens", nusax_folder)
    return target


def test_markdown_has_the_tables(written):
    text = (written / "report.md").read_text(encoding="utf-8")
    assert "| 32-64 (`cnn_32_64_k3_max`) | 0.610 ± 0.010 | 0.567 | 0.620 ± 0.010 | 1,234 | 11 | 0, 1, 2 |" in text
    assert "More blocks of convolution and pooling give better results. **Here: holds.**" in text
    assert "| 7x7 (`cnn_32_64_k7_max`) | – | 0.551 | – | – | – | none |" in text
    assert "### Masked RNN direction" in text
    assert "### Masked LSTM depth" not in text
    assert "test macro-F1\n**0." in text


def test_every_picture_is_there_and_drawn(written):
    text = (written / "report.md").read_text(encoding="utf-8")
    pictures = {path.name for path in written.glob("*.png")}
    assert {name for name in pictures if f"]({name})" in text} == pictures
    assert {"cnn_depth.png", "masked_rnn_direction.png"} <= pictures
    for name in pictures:
        assert (written / name).read_bytes().startswith(b"\x89PNG")
        assert f'src="{name}"' in (written / "report.html").read_text(encoding="utf-8")


def test_html_is_escaped_and_has_the_same_numbers(written):
    text = (written / "report.html").read_text(encoding="utf-8")
    assert "<td>0.610 ± 0.010</td>" in text
    assert "32-64 (<code>cnn_32_64_k3_max</code>)" in text
    assert "&lt;" not in text.replace("&lt;module", "")


def test_a_report_that_fails_leaves_the_old_one(written, runs, nusax_folder, tmp_path, monkeypatch):
    before = {path.name: path.read_bytes() for path in written.iterdir()}
    monkeypatch.setattr("training_jobs.report.render._render", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(written, runs, tmp_path / "no goldens", nusax_folder)
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("SCRATCHNN_DATA"), reason="needs the real data sets: set SCRATCHNN_DATA")
def test_goldens_agree_with_keras_to_the_last_label():
    comparisons = compare_goldens(GOLDEN, None)
    assert len(comparisons) >= 3
    for item in comparisons:
        assert (item.label_agreement, item.keras_macro_f1 - item.scratch_macro_f1) == (1.0, 0.0)
        assert item.keras_report == item.scratch_report
