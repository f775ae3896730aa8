"""Trained models that other people made, of Keras 1, 2 and 3: all load, and give what their Keras recorded."""

import json

import h5py
import numpy as np
import pytest

from scratchnn import load_model

pytestmark = pytest.mark.models

# Files with the activations and predictions of the Keras that made them. (recorded_lstm_keras2.io.h5 has inputs
# and training targets alone; tf-keras stands in for its Keras below.)
RECORDED = ("lstm_keras1", "rnn_keras2")


def test_every_model_of_the_manifest_loads_and_runs(wild_models):
    manifest = json.loads((wild_models / "manifest.json").read_text())
    assert len(manifest) >= 14
    for entry in manifest:
        model = load_model(wild_models / entry["file"])
        assert model.spec.keras_version == entry["keras_version"]
        classes = [layer.class_name for layer in model.spec.layers if layer.class_name != "InputLayer"]
        written = [text.split("(")[0] for text in entry["layers"]]
        assert classes == [name for name in written if name != "InputLayer"], entry["file"]
        x = [np.ones([n or 2 for n in (2, *shape[1:])], np.float32) for shape in model.input_shapes]
        output = model.predict(x if len(x) > 1 else x[0])
        assert np.isfinite(output).all(), entry["file"]


@pytest.mark.parametrize("name", RECORDED)
def test_outputs_are_those_that_the_original_keras_recorded(wild_models, name):
    model = load_model(wild_models / f"recorded_{name}.h5")
    with h5py.File(wild_models / f"recorded_{name}.io.h5") as recorded:
        (x,) = (np.asarray(array) for array in recorded["inputs"].values())
        (expected,) = (np.asarray(array) for array in recorded["predictions"].values())
        states = np.asarray(recorded["activations"][model.layers[0].name])
    # The exact result for the same weights is within half a rounding of numbers below 64: 2⁻¹⁹ is 1.9e-6.
    np.testing.assert_allclose(model.astype(np.float64).forward(x.astype(np.float64)), expected, rtol=0, atol=4e-6)
    dense = model.layers[-1]
    # Two float32 sums of 50 products and a bias, and states that differ by a few roundings.
    bound = 2 * 51 * 2**-24 * (np.abs(states) @ np.abs(dense.W) + np.abs(dense.b)) + 4e-7 * np.abs(dense.W).sum()
    for forward in (model.forward, model.predict):
        assert (np.abs(forward(x) - expected) <= bound).all()
    values = model._check_inputs(x)
    model.run(values)
    np.testing.assert_allclose(values[model.spec.nodes[0].layer, 0, 0], states, rtol=0, atol=4e-7)


def test_the_recorded_output_of_the_convolutional_model(wild_models):
    model = load_model(wild_models / "recorded_cnn_batch_norm.h5")
    x, expected = (np.load(wild_models / f"recorded_cnn_batch_norm.{part}.npy") for part in ("input", "output"))
    for forward in (model.forward, model.predict, model.astype(np.float64).forward):
        np.testing.assert_allclose(forward(x).reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)


def first_gru(tf_keras):
    """tf-keras's GRU, with the meaning of a config that does not know `reset_after` (Keras before 2.1.5)."""

    class GRU(tf_keras.layers.GRU):
        @classmethod
        def from_config(cls, config):
            return cls(**{"reset_after": False, **config})

    return GRU


@pytest.mark.keras
def test_files_of_keras_2_mean_what_tf_keras_says(wild_models):
    """tf-keras is Keras 2: its hard_sigmoid, its GRU, its configs. It reads all of these files but Keras 1's."""
    tf_keras = pytest.importorskip("tf_keras", reason="tf-keras, the oracle for Keras 2, is not installed")
    manifest = json.loads((wild_models / "manifest.json").read_text())
    files = [entry["file"] for entry in manifest if entry["keras_version"].startswith("2.")]
    assert len(files) == 10
    generator = np.random.default_rng(6)
    for file in files:
        reference = tf_keras.models.load_model(wild_models / file, {"GRU": first_gru(tf_keras)}, compile=False)
        model = load_model(wild_models / file)
        batch, *shape = (n or 7 for n in reference.input_shape)  # RNN files may say how large a batch is
        shape = [min(shape[0], 30), *shape[1:]] if len(shape) == 2 and reference.input_shape[1] is None else shape
        x = generator.uniform(0, 1, (batch if reference.input_shape[0] else 3, *shape)).astype(np.float32)
        if model.layers[0].label.startswith("Embedding"):
            x = np.floor(10_000 * x)
        # Compiled: the files of 905 steps take a minute if each step is a call from Python.
        ours, theirs = model.forward(x), reference.predict_on_batch(x)
        # A bound for every layer is the work of `scratchnn verify`; the whole model must agree to what float32
        # leaves after up to 905 steps. Another hard_sigmoid or reset gate differs by more than 1e-3.
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5, err_msg=file)
