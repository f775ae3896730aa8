"""The report is computed from the records: its tables, its verdicts, its pictures."""

import dataclasses
import json
import os
from pathlib import Path

import pytest
from jobs_support import finish, with_training

from training_jobs import experiments
from training_jobs.experiments import masked, report_variations
from training_jobs.report.comparison import compare_goldens
from training_jobs.report.plots import plot_curves
from training_jobs.report.render import write_report
from training_jobs.report.results import Scores, best_results, experiment_results
from training_jobs.run_store import write_json

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Return records where depth holds for CNNs, and one direction wins for RNNs."""
    root = tmp_path_factory.mktemp("runs") / "records"
    known = report_variations()
    scores = {
        "cnn_32_k3_max": 0.50, "cnn_32_64_k3_max": 0.60, "cnn_32_64_128_k3_max": 0.70,
        "rnn_5x32_one": 0.60, "rnn_5x32_both": 0.40,
    }  # fmt: skip
    for name, score in scores.items():
        for seed in range(3):
            finish(known[name], seed, score + seed / 100, root)
    for rate in (0.1, 0.2):
        training = dataclasses.replace(experiments.CNN_BEST.training, learning_rate=rate)
        tag = f"search_cnn_{rate}"
        finish(dataclasses.replace(experiments.CNN_BEST, training=training, tag=tag, trial=True), 0, 0, root)
    for units, scores in ((16, (0.6, 0.7)), (32, (0.7, 0.8))):
        architecture = dataclasses.replace(experiments.LSTM_BEST.architecture, units=units)
        trial = dataclasses.replace(experiments.LSTM_BEST, architecture=architecture, tag=f"search_lstm_{units}")
        for fold, score in enumerate(scores):
            finish(dataclasses.replace(with_training(trial, fold=fold), trial=True), 0, score, root)
    for seed in range(3):
        finish(experiments.RNN_BEST, seed, 0.7, root)
        finish(experiments.CNN_BEST, seed, 0.79 + seed / 1000, root)
        finish(masked(known["rnn_5x32_both"]), seed, 0.65, root)
        finish(masked(known["rnn_5x32_one"]), seed, 0.55, root)
    return root


def test_verdicts_come_from_the_seeds(records):
    verdicts = {result.claim.experiment: result.verdict for result in experiment_results(records)}
    assert verdicts["CNN depth"] == "holds"
    assert verdicts["RNN direction"] == "does not hold"
    assert verdicts["LSTM depth"] == "too few seeds"
    with_mask = {result.claim.experiment: result.verdict for result in experiment_results(records, mask=True)}
    assert with_mask["RNN direction"] == "holds"
    assert "CNN depth" not in with_mask


@pytest.mark.parametrize(("values", "text"), [((), "–"), ((0.5,), "0.500"), ((0.5, 0.6), "0.550 ± 0.071")])
def test_scores_in_words(values, text):
    assert str(Scores(values)) == text


@pytest.fixture(scope="module")
def written(records, nusax_folder, tmp_path_factory):
    target = tmp_path_factory.mktemp("docs") / "replication"
    write_report(target, records, Path("no goldens"), nusax_folder)
    return target


def test_markdown_has_the_tables(written):
    text = (written / "report.md").read_text(encoding="utf-8")
    assert "| 32-64 (`cnn_32_64_k3_max`) | 0.610 ± 0.010 | 0.567 | 0.620 ± 0.010 | 1,234 | 11 | 0, 1, 2 |" in text
    assert "More blocks of convolution and pooling give better results. **Here: holds.**" in text
    assert "| 7x7 (`cnn_32_64_k7_max`) | – | 0.551 | – | – | – | none |" in text
    assert "### Masked RNN direction" in text
    assert "### Masked LSTM depth" not in text
    assert "test macro-F1\n**0." in text


def test_best_models_and_their_search_can_be_read(written):
    text = (written / "report.md").read_text(encoding="utf-8")
    scores = "0.667 ± 0.000 | 0.700 ± 0.000 | 0.700 ± 0.000 | 0.710 ± 0.000"
    assert f"| `rnn_best` | {scores} | macro-F1 0.65 | yes | 1,234 | 11 | 0, 1, 2 |" in text
    assert "| accuracy 0.80 | yes | 1,234 |" in text
    assert "- `rnn_best`: cell rnn, layers 1, units 32, bidirectional, mask zero, embedding dim 256," in text
    assert "- `cnn_best`: filters 32-64-128, kernel size 3, pooling max, dropout 0.3, convolutions 1-2-2," in text
    assert "| least validation loss | learning rate |\n|---|---:|\n| 0.667 | 0.1 |\n| 0.667 | 0.2 |\n" in text
    folds = "| 0.750 ± 0.071 | 32 |\n| 0.650 ± 0.071 | 16 |\n"  # the best first, also where more is better
    assert f"| cross-validated macro-F1 | units |\n|---|---:|\n{folds}" in text
    assert "{'" not in text


def test_a_model_that_was_fitted_on_all_rows_has_no_validation_scores(tmp_path):
    finish(experiments.LSTM_BEST, 0, 0.7, tmp_path)
    history = next(tmp_path.glob("*/*/history.csv"))
    history.write_text("epoch,loss,accuracy\n1,0.5,0.6\n2,0.4,0.7\n")
    record = json.loads((history.parent / "run.json").read_text())
    del record["validation"]
    write_json(history.parent / "run.json", record)

    (result,) = [result for result in best_results(tmp_path) if result.seeds]
    assert (str(result.least_validation_loss), str(result.validation_macro_f1)) == ("–", "–")
    assert str(result.macro_f1) == "0.700"
    plot_curves([result], "best models", tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


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


def test_a_report_that_fails_leaves_the_old_one(written, records, nusax_folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in written.iterdir()}
    monkeypatch.setattr("training_jobs.report.render._render", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(written, records, Path("no goldens"), nusax_folder)
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("SCRATCHNN_DATA"), reason="needs the real data sets: set SCRATCHNN_DATA")
def test_goldens_agree_with_keras_to_the_last_label(tmp_path):
    """The best of each family; that all goldens give the golden labels and scores is tests/golden's to see."""
    names = ["cnn_best", "lstm_best", "rnn_best"]
    for name in names:
        (tmp_path / name).symlink_to(GOLDEN / name)
    comparisons = compare_goldens(tmp_path, None)
    assert [item.name for item in comparisons] == names
    for item in comparisons:
        assert (item.label_agreement, item.keras_macro_f1 - item.scratch_macro_f1) == (1.0, 0.0)
        assert item.keras_report == item.scratch_report
