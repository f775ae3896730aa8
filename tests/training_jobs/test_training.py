"""Training is seeded, goes on where it was stopped, and stops early where it should."""

import contextlib
import csv
import dataclasses
import json
from functools import partial

import numpy as np
import pytest
from jobs_support import in_fresh_process, with_training

from scratchnn.datasets import load_training_data
from training_jobs.experiments import Training
from training_jobs.run_store import FinishedRun, RunKey
from training_jobs.splits import fitting_splits
from training_jobs.training import train_run
from training_jobs.word_vectors import latent_semantic_analysis

pytestmark = [
    pytest.mark.keras,
    # Keras's variables have an older __array__ than NumPy 2 asks for; nothing of ours can change it.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


class Stopped(Exception):
    pass


def stop_after(epochs):
    def progress(text):
        if f"epoch {epochs}/" in text:
            raise Stopped

    return progress


def weights(run):
    import keras

    return keras.models.load_model(run.folder / "model.keras").get_weights()


def history(run):
    with (run.folder / "history.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(params=["cnn", "rnn"])
def case(request, image_data, nusax_folder, tiny_cnn, tiny_rnn):
    """Return (variation, data): with Dropout and all that is drawn or computed before an epoch."""
    if request.param == "cnn":
        return with_training(tiny_cnn, augment=True, cosine=True, patience=3), image_data
    architecture = dataclasses.replace(tiny_rnn.architecture, lsa_scale=0.3)
    variation = dataclasses.replace(with_training(tiny_rnn, hidden_words=0.2), architecture=architecture)
    return variation, load_training_data("nusax", nusax_folder)


def test_a_stopped_run_goes_on_to_the_same_weights(case, tmp_path):
    variation, data = case
    key = RunKey(variation, 0, data.fingerprint)
    whole = train_run(key, data, tmp_path / "whole")

    with pytest.raises(Stopped):
        train_run(key, data, tmp_path / "stopped", stop_after(2))
    heard = []
    resumed = train_run(key, data, tmp_path / "stopped", heard.append)

    assert len(heard) == 1
    for ours, theirs in zip(weights(resumed), weights(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert history(resumed) == history(whole)
    assert len(history(whole)) == 3


def train_with_onednn(key, data, *roots, stop=0):
    """Train as a job does, stop the run of the last root, and return whether oneDNN was on."""
    from training_jobs.keras_models import configure_tensorflow

    configure_tensorflow(onednn=True)
    from tensorflow.python.util import _pywrap_util_port

    for root in roots[:-1]:
        train_run(key, data, root)
    with contextlib.suppress(Stopped):
        train_run(key, data, roots[-1], stop_after(stop))
    return _pywrap_util_port.IsMklEnabled()


def test_a_stopped_run_goes_on_to_the_same_weights_with_onednn_too(tiny_cnn, image_data, tmp_path):
    variation = with_training(tiny_cnn, augment=True, cosine=True)
    key = RunKey(variation, 0, image_data.fingerprint)
    folders = [key.folder(tmp_path / name) for name in ("whole", "stopped")]

    stop = partial(train_with_onednn, stop=2)
    assert in_fresh_process(stop, key, image_data, tmp_path / "whole", tmp_path / "stopped")
    assert [folder.exists() for folder in folders] == [True, False]
    assert in_fresh_process(train_with_onednn, key, image_data, tmp_path / "stopped")

    for ours, theirs in zip(*(weights(FinishedRun(folder)) for folder in folders), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_seed_decides(case, tmp_path):
    variation, data = with_training(case[0], epochs=1), case[1]
    first, other = (
        weights(train_run(RunKey(variation, seed, data.fingerprint), data, tmp_path)) for seed in (0, 1)
    )
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True) if a.ndim > 1)


def test_another_thread_that_draws_does_not_change_the_weights(tiny_cnn, image_data, tmp_path, monkeypatch):
    """The first build is disturbed, as a thread of a Dask worker may do it."""
    import random

    from training_jobs import training

    key = RunKey(with_training(tiny_cnn, epochs=1), 0, "data")
    expected = weights(train_run(key, image_data, tmp_path / "alone"))
    build, builds = training.build_model, []

    def disturbed(*arguments):
        if not builds:
            random.random()
        builds.append(arguments)
        return build(*arguments)

    monkeypatch.setattr(training, "build_model", disturbed)
    received = weights(train_run(key, image_data, tmp_path / "disturbed"))
    assert len(builds) == 3
    for ours, theirs in zip(received, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_finished_run_is_not_trained_again(tiny_cnn, image_data, tmp_path):
    key = RunKey(with_training(tiny_cnn, epochs=1), 0, "data")
    first = train_run(key, image_data, tmp_path)
    before = (first.folder / "run.json").stat()

    again = train_run(key, image_data, tmp_path, stop_after(1))

    assert again == first
    assert (again.folder / "run.json").stat() == before
    assert list(tmp_path.rglob("*.partial")) == []


def test_the_record_says_what_made_the_run(tiny_cnn, image_data, tmp_path):
    key = RunKey(with_training(tiny_cnn, epochs=1), 7, image_data.fingerprint)
    run = train_run(key, image_data, tmp_path)
    record = run.record()

    assert record["name"] == "cnn_4_k3_max"
    assert record["seed"] == 7
    assert record["data_fingerprint"] == "made-up images"
    assert record["settings_digest"] == key.variation.digest()
    assert record["settings"] == key.variation.settings()
    assert set(record["versions"]) == {"keras", "numpy", "python", "tensorflow"}
    # Conv2D 3*3*3*4+4, Dense 16*16*4*8+8, Dense 8*10+10.
    assert record["parameters"] == 112 + 8200 + 90
    with np.load(run.folder / "outputs.npz") as outputs:
        predicted = outputs["test_probabilities"].argmax(-1)
        assert record["test"]["accuracy"] == np.mean(predicted == outputs["test_labels"])


def test_a_trial_is_never_scored_on_the_test_split(tiny_cnn, image_data, tmp_path):
    variation = dataclasses.replace(with_training(tiny_cnn, epochs=1), tag="search_cnn_1", trial=True)
    run = train_run(RunKey(variation, 0, "data"), image_data, tmp_path)
    assert "test" not in run.record()
    assert set(run.record()["validation"]) == {"accuracy", "macro_f1"}
    with np.load(run.folder / "outputs.npz") as outputs:
        assert not any(name.startswith("test") for name in outputs.files)


def test_the_stored_model_has_no_optimizer(tiny_cnn, image_data, tmp_path):
    import zipfile

    run = train_run(RunKey(with_training(tiny_cnn, epochs=1), 0, "data"), image_data, tmp_path)
    with zipfile.ZipFile(run.folder / "model.keras") as archive:
        config = json.loads(archive.read("config.json"))
    assert not config.get("compile_config")


def test_early_stopping_takes_the_best_epoch(tiny_cnn, image_data, tmp_path):
    """Labels at random: a high learning rate soon makes the validation loss rise."""
    patient = with_training(tiny_cnn, epochs=30, patience=2, learning_rate=0.05)
    run = train_run(RunKey(patient, 0, "data"), image_data, tmp_path)
    losses = [float(row["val_loss"]) for row in history(run)]
    best = losses.index(min(losses))

    assert len(losses) == best + 1 + 2 < 30
    until_best = with_training(patient, epochs=best + 1, patience=None)
    shorter = train_run(RunKey(until_best, 0, "data"), image_data, tmp_path)
    for ours, theirs in zip(weights(run), weights(shorter), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_that_fits_all_rows_validates_on_none(nusax_folder, tiny_rnn, tmp_path):
    data = load_training_data("nusax", nusax_folder)
    key = RunKey(with_training(tiny_rnn, epochs=1, fit_on="train+validation"), 0, "data")
    run = train_run(key, data, tmp_path)
    assert [set(row) for row in history(run)] == [{"epoch", "loss", "accuracy"}]
    assert "validation" not in run.record()
    assert set(run.record()["test"]) == {"accuracy", "macro_f1"}


def test_a_fold_is_scored_on_the_rows_held_out(nusax_folder, tiny_rnn, tmp_path):
    data = load_training_data("nusax", nusax_folder)
    variation = with_training(tiny_rnn, epochs=1, fit_on="train+validation", fold=1)
    variation = dataclasses.replace(variation, tag="search_rnn_1", trial=True)
    run = train_run(RunKey(variation, 0, "data"), data, tmp_path)
    _, held = fitting_splits(data, variation.training, 0)
    with np.load(run.folder / "outputs.npz") as outputs:
        np.testing.assert_array_equal(outputs["validation_labels"], held.labels)
        assert outputs.files == ["validation_probabilities", "validation_labels"]
    assert "val_loss" in history(run)[0]


def test_word_vectors_begin_with_what_the_fitted_texts_say(nusax_folder, tiny_rnn):
    from training_jobs.keras_models import build_model

    data = load_training_data("nusax", nusax_folder)
    architecture = dataclasses.replace(tiny_rnn.architecture, lsa_scale=0.3)
    variation = dataclasses.replace(tiny_rnn, architecture=architecture)
    fitted, _ = fitting_splits(data, Training(1, 8, fit_on="train+validation"), 0)
    vectors = build_model(variation, data, fitted.inputs).layers[0].get_weights()[0]
    np.testing.assert_array_equal(
        vectors, latent_semantic_analysis(fitted.inputs, len(data.vocabulary) + 2, 8, 0.3)
    )
    # Without them the training split's are meant, and they are others.
    assert not np.array_equal(build_model(variation, data).layers[0].get_weights()[0], vectors)


def test_l2_masking_and_word_dropout_are_in_the_model(nusax_folder, tiny_rnn):
    from training_jobs.keras_models import build_model

    architecture = dataclasses.replace(tiny_rnn.architecture, l2=0.01, mask_zero=True, word_dropout=0.3)
    model = build_model(
        dataclasses.replace(tiny_rnn, architecture=architecture),
        load_training_data("nusax", nusax_folder),
    )
    names = [type(layer).__name__ for layer in model.layers]
    assert names == ["Embedding", "Dropout", "Dropout", "Bidirectional", "Dropout", "Dense"]
    assert model.layers[0].mask_zero
    words = model.layers[2](np.ones((2, 50, 8), np.float32), training=True).numpy()
    assert {tuple(vector) for vector in words.reshape(-1, 8)} == {(0.0,) * 8, (np.float32(1 / 0.7),) * 8}
    assert len(model.losses) == 3  # both directions and the Dense


@pytest.mark.parametrize("name", ["cnn_32_64_k3_max", "rnn_5x32_one", "lstm_2x64_both", "cnn_best"])
def test_models_of_the_table_are_the_reports(name, image_data, nusax_folder):
    from training_jobs.experiments import find
    from training_jobs.keras_models import build_model

    data = image_data if name.startswith("cnn") else load_training_data("nusax", nusax_folder)
    model = build_model(find([name])[0], data)
    layers = [type(layer).__name__ for layer in model.layers]
    assert layers == {
        "cnn_32_64_k3_max": ["Conv2D", "MaxPooling2D"] * 2 + ["Flatten", "Dense", "Dropout", "Dense"],
        "rnn_5x32_one": ["Embedding", *["SimpleRNN"] * 5, "Dropout", "Dense"],
        "lstm_2x64_both": ["Embedding", *["Bidirectional"] * 2, "Dropout", "Dense"],
        "cnn_best": [
            *["Conv2D", "BatchNormalization", "Activation"], "MaxPooling2D",
            *["Conv2D", "BatchNormalization", "Activation"] * 2, "MaxPooling2D",
            *["Conv2D", "BatchNormalization", "Activation"] * 2, "MaxPooling2D",
            "Flatten", "Dropout", "Dense",
        ],
    }[name]  # fmt: skip
    assert model.name == name
    recurrent = [layer for layer in layers if layer in ("SimpleRNN", "Bidirectional")]
    if recurrent:
        assert [len(layer.output.shape) for layer in model.layers[1:-2]] == [3] * (len(recurrent) - 1) + [2]


def test_average_pooling_leaves_the_padding_out_for_keras_and_scratch_alike(nusax_folder, tiny_rnn, tmp_path):
    import keras

    import scratchnn
    from training_jobs.keras_models import build_model

    architecture = dataclasses.replace(tiny_rnn.architecture, mask_zero=True, pooling="average")
    data = load_training_data("nusax", nusax_folder)
    model = build_model(dataclasses.replace(tiny_rnn, architecture=architecture), data)
    model.save(tmp_path / "model.keras")
    short, longer = data.test.inputs[:, :10], data.test.inputs
    expected = model.predict(longer, verbose=0)

    # Each text has fewer than ten words: what is cut off is padding.
    assert (longer[:, 10:] == 0).all()
    states = keras.Sequential(model.layers[:-2])
    np.testing.assert_allclose(states(short), states(longer), atol=1e-6)
    # Probabilities, one layer: a few units in the last place of 1.
    ours = scratchnn.load_model(tmp_path / "model.keras").predict(longer)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6)
