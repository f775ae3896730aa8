"""The search asks for settings, looks at the validation loss alone, and can be taken up again."""

import pytest

from training_jobs.run_store import FinishedRun
from training_jobs.search import least_validation_loss, non_default_settings, search


@pytest.fixture
def trainer(tmp_path):
    """Return (train, names): a made-up training whose loss is least at 64 units and learning rate 0.001."""
    names = []

    def train(variation):
        names.append(variation.name)
        folder = tmp_path / variation.name
        folder.mkdir(exist_ok=True)
        distance = abs(variation.architecture.units - 64) / 64 + abs(variation.training.learning_rate - 0.001)
        (folder / "history.csv").write_text(f"epoch,val_loss\n1,9\n2,{1 + distance}\n3,5\n")
        return FinishedRun(folder)

    return train, names


def test_trials_come_best_first(trainer):
    trials = search("lstm", 8, trainer[0])
    losses = [trial.validation_loss for trial in trials]
    assert losses == sorted(losses)
    assert len(trials) == 8
    assert all(trial.variation.family == "lstm" and trial.variation.architecture.mask_zero for trial in trials)


def test_a_search_started_again_proposes_the_same(trainer):
    train, names = trainer
    search("rnn", 5, train)
    search("rnn", 7, train)
    assert names[5:10] == names[:5]
    assert len(set(names[5:])) == 7


def test_the_least_loss_counts_not_the_last(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,val_loss\n1,2\n2,0.5\n3,1\n")
    assert least_validation_loss(tmp_path / "history.csv") == 0.5


def test_settings_that_are_defaults_are_left_out(trainer):
    trial = search("rnn", 1, trainer[0])[0]
    settings = non_default_settings(trial.variation)
    assert settings["cell"] == "rnn"
    assert "max_rows" not in settings
