"""The golden weights still give the golden outputs: by scratchnn, without TensorFlow, and by Keras."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scratchnn
from scratchnn.outputs import compare_outputs
from training_jobs.training import classification_metrics

ROOT = Path(__file__).parents[2] / "golden"
# On the test splits, where deriving a bound for each row would take minutes: five times the largest
# difference measured over all goldens (5.8e-6, of the RNN of seven layers, where a rounding early in
# the text goes through 100 steps of each). A wrong weight or gate is off by 1e-3 and more. What must
# be equal to the last digit are the labels and scores.
TOLERANCE = 3e-5


def assert_within_bound(golden, outputs):
    """Judge outputs for the probes by what rounding in float32 may do to this very model."""
    model = scratchnn.load_model(golden.model)
    inputs, expected = golden.arrays["probe_inputs"], golden.arrays["probe_outputs"]
    result = compare_outputs("probes", model, inputs, expected, outputs)
    assert outputs.dtype == np.float32
    assert result.label_agreement == 1.0
    assert result.ratio <= 1, result


def assert_same(probabilities, expected):
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(probabilities.argmax(-1), expected.argmax(-1))


def pieces(inputs, size=1024):
    """The samples a thousand at a time: what is made of all of them at once would take most of the memory here."""
    return (inputs[start : start + size] for start in range(0, len(inputs), size))


@pytest.fixture
def keras_model(golden):
    import os

    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import keras

    yield keras.models.load_model(golden.model)
    keras.utils.clear_session(free_memory=False)


def test_scratch_gives_the_probe_outputs(golden):
    model = scratchnn.load_model(golden.model)
    assert_within_bound(golden, model.predict(golden.arrays["probe_inputs"]))
    assert_within_bound(golden, model.forward(golden.arrays["probe_inputs"]))


def test_changed_weights_are_seen(golden):
    """The weights of one class, off by 1 %: far below what a label would show."""
    model = scratchnn.load_model(golden.model)
    model.layers[-1].W[:, 0] *= 1.01
    with pytest.raises(AssertionError):
        assert_within_bound(golden, model.forward(golden.arrays["probe_inputs"]))


@pytest.mark.data
def test_scratch_reproduces_the_test_split(golden, test_split):
    inputs, labels = test_split
    probabilities = scratchnn.load_model(golden.model).predict(inputs)

    np.testing.assert_array_equal(labels, golden.arrays["test_labels"])
    assert_same(probabilities, golden.arrays["test_probabilities"])
    scores = classification_metrics(labels, probabilities)
    assert scores == {name: golden.metrics[name] for name in scores}


@pytest.mark.data
def test_the_split_is_the_one_that_was_scored(golden, test_split):
    from scratchnn.datasets import fingerprint

    inputs, labels = test_split
    if golden.metrics["dataset"] == "cifar10":
        scale = golden.metrics["scale"]
        inputs = np.concatenate([np.rint(part * scale).astype(np.uint8) for part in pieces(inputs)])
    assert fingerprint(inputs, labels) == golden.metrics["test_fingerprint"]


@pytest.mark.keras
def test_keras_gives_the_probe_outputs(golden, keras_model):
    outputs = keras_model.predict(golden.arrays["probe_inputs"], verbose=0)
    assert_within_bound(golden, outputs)


@pytest.mark.keras
@pytest.mark.data
def test_keras_reproduces_the_test_split(golden, keras_model, test_split):
    probabilities = np.concatenate([keras_model.predict(part, verbose=0) for part in pieces(test_split[0])])
    assert_same(probabilities, golden.arrays["test_probabilities"])


def test_scratch_needs_no_tensorflow():
    code = (
        "import pathlib, sys, numpy, scratchnn\n"
        f"for path in pathlib.Path({str(ROOT)!r}).glob('*/golden.npz'):\n"
        "    probes = numpy.load(path)['probe_inputs'][:2]\n"
        "    scratchnn.load_model(path.with_name('model.keras')).predict(probes)\n"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
