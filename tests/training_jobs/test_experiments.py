"""The table of experiments is the report's, and each model has one name."""

import dataclasses

import pytest

from scratchnn.errors import UnknownNameError
from training_jobs import experiments
from training_jobs.experiments import CNN_TRAINING, ROWS, Convolutional, Recurrent, Variation


def test_the_report_has_27_rows_and_20_models():
    families = [row.variation.family for row in ROWS]
    assert [families.count(family) for family in ("cnn", "rnn", "lstm")] == [11, 8, 8]
    names = [variation.family for variation in experiments.report_variations().values()]
    assert [names.count(family) for family in ("cnn", "rnn", "lstm")] == [8, 6, 6]


def test_a_shared_baseline_is_one_variation():
    baseline = [row for row in ROWS if row.variation.name == "cnn_32_64_k3_max"]
    assert [row.experiment for row in baseline] == ["CNN depth", "CNN filters", "CNN kernel", "CNN pooling"]
    assert len({row.variation for row in baseline}) == 1


def test_a_name_means_one_setting():
    every = {*(row.variation for row in ROWS), *experiments.variations().values()}
    assert len({variation.name for variation in every}) == len(every)
    assert len({variation.digest() for variation in every}) == len(every)


def test_settings_are_the_reports():
    settings = experiments.find(["rnn_5x32_both"])[0].settings()
    assert settings["architecture"] == {
        "cell": "rnn", "layers": 5, "units": 32, "bidirectional": True,
        "mask_zero": False, "embedding_dim": 128, "dropout": 0.5, "embedding_dropout": 0.0, "l2": 0.0,
        "pooling": "last", "word_dropout": 0.0, "lsa_scale": 0.0,
    }  # fmt: skip
    assert settings["training"]["epochs"] == 15
    assert settings["training"]["batch_size"] == 50
    assert (CNN_TRAINING.epochs, CNN_TRAINING.batch_size, CNN_TRAINING.learning_rate) == (2, 32, 0.001)


def test_every_recurrent_variation_is_there_masked_too():
    names = set(experiments.variations())
    for name in experiments.report_variations():
        assert (f"{name}_mask" in names) == (not name.startswith("cnn"))


def test_a_setting_changes_the_digest_and_a_default_does_not():
    variation = Variation(Recurrent("lstm", 1, 64, True), CNN_TRAINING)
    same = Variation(Recurrent("lstm", 1, 64, True, mask_zero=False), CNN_TRAINING)
    other = Variation(Recurrent("lstm", 1, 64, True, dropout=0.4), CNN_TRAINING)
    longer = dataclasses.replace(variation, training=dataclasses.replace(CNN_TRAINING, epochs=3))
    assert variation.digest() == same.digest()
    assert len({variation.digest(), other.digest(), longer.digest()}) == 3


def test_find_keeps_the_order_and_drops_repeats():
    found = experiments.find(["lstm_1x64_both", "cnn_32_k3_max", "lstm_1x64_both"])
    assert [variation.name for variation in found] == ["lstm_1x64_both", "cnn_32_k3_max"]


def test_an_unknown_name_is_named_with_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"unknown: cnn_9; expected names of: .*cnn_32_k3_max"):
        experiments.find(["cnn_9"])


def test_masking_a_cnn_is_refused():
    with pytest.raises(UnknownNameError, match="recurrent models only"):
        experiments.masked(Variation(Convolutional((32,)), CNN_TRAINING))
