"""The golden weights still give the golden outputs: by scratchnn, without TensorFlow, and by Keras."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scratchnn
from training_jobs.training import classification_metrics

ROOT = Path(__file__).parents[2] / "golden"
# A rounding early in the sequence goes through up to 100 steps of up to 7 layers. Measured: scratchnn
# differs from the recorded outputs by 2.3e-6 at most, and Keras itself, with another number of
# threads, by 1.9e-6. Four times that leaves room for machines that sum in another order; a wrong
# weight or gate is off by 1e-3 and more.
TOLERANCE = 1e-5


def assert_same(probabilities, expected):
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(probabilities.argmax(-1), expected.argmax(-1))


@pytest.fixture
def keras_model(golden):
    import os

    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import keras

    yield keras.models.load_model(golden.model)
    keras.utils.clear_session(free_memory=False)


def test_scratch_gives_the_probe_outputs(golden):
    model = scratchnn.load_model(golden.model)
    assert_same(model.predict(golden.arrays["probe_inputs"]), golden.arrays["probe_outputs"])


def test_float64_is_as_near(golden):
    """In float64 our own rounding is gone: what is left is Keras's, within the same tolerance."""
    inputs = golden.arrays["probe_inputs"]
    inputs = inputs.astype(np.float64) if inputs.dtype == np.float32 else inputs
    model = scratchnn.load_model(golden.model)
    outputs = model.predict(inputs)
    np.testing.assert_allclose(outputs, golden.arrays["probe_outputs"], rtol=0, atol=TOLERANCE)


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
        inputs = np.rint(inputs * golden.metrics["scale"]).astype(np.uint8)
    assert fingerprint(inputs, labels) == golden.metrics["test_fingerprint"]


@pytest.mark.keras
def test_keras_gives_the_probe_outputs(golden, keras_model):
    outputs = keras_model.predict(golden.arrays["probe_inputs"], verbose=0)
    assert_same(outputs, golden.arrays["probe_outputs"])


@pytest.mark.keras
@pytest.mark.data
def test_keras_reproduces_the_test_split(golden, keras_model, test_split):
    probabilities = keras_model.predict(test_split[0], verbose=0)
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
