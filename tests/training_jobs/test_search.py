"""The search asks for settings, looks at the validation loss alone, and can be taken up again."""

import dataclasses

import pytest

from training_jobs.experiments import BEST, CNN_BEST
from training_jobs.run_store import FinishedRun, write_json
from training_jobs.search import least_validation_loss, non_default_settings, search, validation_macro_f1


@pytest.fixture
def trainer(tmp_path):
    """Return (train, trained): made-up runs, best at learning rate 0.001, seed 1 and fold 1."""
    trained = []

    def train(variation, seed):
        fold = variation.training.fold
        trained.append((variation.name, seed, fold))
        folder = tmp_path / variation.name / f"{seed}-{fold}"
        folder.mkdir(parents=True, exist_ok=True)
        loss = 1 + abs(variation.training.learning_rate - 0.001) + abs(seed - 1)
        (folder / "history.csv").write_text(f"epoch,val_loss\n1,9\n2,{loss}\n3,5\n")
        write_json(folder / "run.json", {"validation": {"macro_f1": 0.9 - loss / 10 - abs((fold or 0) - 1) / 10}})
        return FinishedRun(folder)

    return train, trained


def test_trials_come_best_first(trainer):
    losses = [trial.score for trial in search("rnn", 8, trainer[0])]
    assert losses == sorted(losses)
    trials = search("lstm", 8, trainer[0])
    scores = [trial.score for trial in trials]
    assert scores == sorted(scores, reverse=True)
    assert len(trials) == 8
    assert all(trial.variation.family == "lstm" and trial.variation.architecture.mask_zero for trial in trials)


@pytest.mark.parametrize("family", ["rnn", "lstm"])
def test_a_search_started_again_proposes_the_same(trainer, family):
    train, trained = trainer
    search(family, 5, train)
    first = list(trained)
    search(family, 7, train)
    assert trained[len(first) : 2 * len(first)] == first
    assert len(trained) == len(first) * 12 / 5


@pytest.mark.parametrize("best", BEST, ids=lambda best: best.name)
def test_the_first_proposal_is_what_the_table_has(trainer, best):
    (trial,) = search(best.family, 1, trainer[0])
    assert trial.variation.architecture == best.architecture
    schedule = {} if best.family == "lstm" else {"epochs": best.training.epochs, "max_rows": None}
    assert dataclasses.replace(trial.variation.training, **schedule) == best.training


def test_a_proposed_rnn_is_judged_by_the_mean_of_three_seeds(trainer):
    train, trained = trainer
    (trial,) = search("rnn", 1, train)
    assert trained == [(trial.variation.name, seed, None) for seed in (0, 1, 2)]
    assert trial.score == pytest.approx(1 + abs(trial.variation.training.learning_rate - 0.001) + 2 / 3)


def test_a_proposed_lstm_is_judged_by_five_folds_of_the_rows_it_will_be_fitted_on(trainer):
    train, trained = trainer
    (trial,) = search("lstm", 1, train)
    assert trained == [(trial.variation.name, 0, fold) for fold in range(5)]
    assert trial.variation.training.fit_on == "train+validation"
    assert trial.variation.training.fold is None
    # The mean distance of the folds from 1 is 7/5, and seed 0 is 1 away from seed 1.
    away = 1 + abs(trial.variation.training.learning_rate - 0.001) + 1
    assert trial.score == pytest.approx(0.9 - away / 10 - 7 / 50)


def test_proposals_of_a_cnn_differ_in_how_they_are_trained(trainer):
    trials = search("cnn", 4, trainer[0])
    assert {trial.variation.architecture for trial in trials} == {CNN_BEST.architecture}
    assert len({trial.variation.training for trial in trials}) > 2  # the best may be proposed again
    assert all(trial.variation.training.max_rows for trial in trials)
    assert all(trial.variation.trial for trial in trials)


def test_the_least_loss_counts_not_the_last(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,val_loss\n1,2\n2,0.5\n3,1\n")
    assert least_validation_loss(FinishedRun(tmp_path)) == 0.5


def test_the_f1_is_that_of_the_rows_that_validated(tmp_path):
    write_json(tmp_path / "run.json", {"validation": {"macro_f1": 0.7}, "test": {"macro_f1": 0.1}})
    assert validation_macro_f1(FinishedRun(tmp_path)) == 0.7


def test_settings_that_are_defaults_are_left_out(trainer):
    trial = search("rnn", 1, trainer[0])[0]
    settings = non_default_settings(trial.variation)
    assert settings["cell"] == "rnn"
    assert "max_rows" not in settings
