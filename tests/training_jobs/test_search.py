"""The search asks for settings, looks at the validation loss alone, and can be taken up again."""

import dataclasses

import pytest

from training_jobs.experiments import BEST, CNN_BEST
from training_jobs.run_store import FinishedRun
from training_jobs.search import least_validation_loss, non_default_settings, search


@pytest.fixture
def trainer(tmp_path):
    """Return (train, trained): a made-up training whose loss is least at learning rate 0.001 and seed 1."""
    trained = []

    def train(variation, seed):
        trained.append((variation.name, seed))
        folder = tmp_path / variation.name / str(seed)
        folder.mkdir(parents=True, exist_ok=True)
        loss = 1 + abs(variation.training.learning_rate - 0.001) + abs(seed - 1)
        (folder / "history.csv").write_text(f"epoch,val_loss\n1,9\n2,{loss}\n3,5\n")
        return FinishedRun(folder)

    return train, trained


def test_trials_come_best_first(trainer):
    trials = search("lstm", 8, trainer[0])
    losses = [trial.validation_loss for trial in trials]
    assert losses == sorted(losses)
    assert len(trials) == 8
    assert all(trial.variation.family == "lstm" and trial.variation.architecture.mask_zero for trial in trials)


def test_a_search_started_again_proposes_the_same(trainer):
    train, trained = trainer
    search("rnn", 5, train)
    search("rnn", 7, train)
    assert trained[15:30] == trained[:15]
    assert len(set(trained[15:])) == 21


@pytest.mark.parametrize("best", BEST, ids=lambda best: best.name)
def test_the_first_proposal_is_what_the_table_has(trainer, best):
    (trial,) = search(best.family, 1, trainer[0])
    assert trial.variation.architecture == best.architecture
    schedule = {"epochs": best.training.epochs, "max_rows": best.training.max_rows}
    assert dataclasses.replace(trial.variation.training, **schedule) == best.training


def test_a_recurrent_proposal_is_judged_by_the_mean_of_three_seeds(trainer):
    train, trained = trainer
    (trial,) = search("lstm", 1, train)
    assert trained == [(trial.variation.name, seed) for seed in (0, 1, 2)]
    assert trial.validation_loss == pytest.approx(1 + abs(trial.variation.training.learning_rate - 0.001) + 2 / 3)


def test_proposals_of_a_cnn_differ_in_how_they_are_trained(trainer):
    trials = search("cnn", 4, trainer[0])
    assert {trial.variation.architecture for trial in trials} == {CNN_BEST.architecture}
    assert len({trial.variation.training for trial in trials}) > 2  # the best may be proposed again
    assert all(trial.variation.training.max_rows for trial in trials)
    assert all(trial.variation.trial for trial in trials)


def test_the_least_loss_counts_not_the_last(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,val_loss\n1,2\n2,0.5\n3,1\n")
    assert least_validation_loss(tmp_path / "history.csv") == 0.5


def test_settings_that_are_defaults_are_left_out(trainer):
    trial = search("rnn", 1, trainer[0])[0]
    settings = non_default_settings(trial.variation)
    assert settings["cell"] == "rnn"
    assert "max_rows" not in settings
