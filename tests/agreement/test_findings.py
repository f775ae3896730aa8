"""docs/findings.md: every script shows what it says, and every script is listed."""

import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scratchnn.agreement import Verdict, check_call
from scratchnn.layers.conv2d import Conv2D
from scratchnn.verify import verify

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCRIPTS = sorted((DOCS / "findings").glob("*.py"))
ONEDNN = "onednn_conv2d.py"
BACKENDS = ("torch", "jax")
X = np.arange(12, dtype=np.float32).reshape(2, 2, 3, 1)
KERNEL = np.ones((1, 2, 1, 1), np.float32)
RIGHT = np.array([1, 7, 13, 19], np.float32).reshape(2, 2, 1, 1)

pytestmark = pytest.mark.keras


def backend(script):
    """The backend that a script is about, which its name begins with; None for TensorFlow."""
    return next((name for name in BACKENDS if script.name.startswith(f"{name}_")), None)


def run(script):
    """The script in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, str(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


HERE = [script for script in SCRIPTS if script.name != ONEDNN and backend(script) is None]
ELSEWHERE = [script for script in SCRIPTS if backend(script)]


@pytest.mark.parametrize("script", HERE, ids=lambda script: script.stem)
def test_the_script_shows_it(script, capsys):
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out


@pytest.mark.parametrize("script", ELSEWHERE, ids=lambda script: script.stem)
def test_the_script_of_another_backend_shows_it(script):
    if importlib.util.find_spec(backend(script)) is None:
        pytest.skip(f"{backend(script)} is not installed (tox -e witness-{backend(script)} installs it)")
    done = run(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_script_is_listed_and_every_listed_script_is_there():
    text = (DOCS / "findings.md").read_text()
    assert all(f"(findings/{script.name})" in text for script in SCRIPTS)
    assert text.count("](findings/") == len(SCRIPTS)


def test_with_onednn_keras_is_off():
    """The verdict on TensorFlow's wrong Conv2D: Keras, with scratchnn within the bound and exact."""
    done = run(DOCS / "findings" / ONEDNN)
    if done.returncode == 0:
        pytest.skip("this TensorFlow on this CPU does not show the bug")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "keras off" in done.stdout


def test_the_result_of_onednn_is_blamed_on_keras():
    """The result as it was with AVX-512, so that the verdict is tested on a CPU without it too."""
    layer = Conv2D(KERNEL, None, None, "valid", strides=(1, 2), use_bias=False)
    seen = np.array([1, 0, 13, 0], np.float32).reshape(RIGHT.shape)
    result = check_call(layer, (X,), {}, None, seen, reference64=RIGHT.astype(np.float64), exact=True)
    assert result.verdict is Verdict.KERAS_OFF
    assert check_call(layer, (X,), {}, None, RIGHT, exact=True).verdict is Verdict.AGREE


def convolution_with_the_channels_first(keras):
    x = keras.Input((2, 3, 4, 5))
    return keras.Model(x, keras.layers.Conv3D(4, 2, data_format="channels_first")(x))


def a_sum_along_the_middle(keras):
    x = keras.Input((3, 4))
    return keras.Model(x, keras.layers.EinsumDense("abc,cde->abde", (None, 5, 5), bias_axes="d")(x))


def a_column(keras):
    x = keras.Input((3, 3))
    return keras.Model(x, keras.ops.add(x, np.array([[1], [2], [3]], np.float32)))


def a_column_and_a_row(keras):
    """Keras's sum has another shape."""
    x = keras.Input((1, 3))
    return keras.Model(x, keras.ops.add(x, np.array([[1], [2], [3]], np.float32)))


TAKEN_FOR_A_BIAS = [convolution_with_the_channels_first, a_sum_along_the_middle, a_column, a_column_and_a_row]


@pytest.mark.parametrize("build", TAKEN_FOR_A_BIAS)
def test_what_is_taken_for_a_bias_is_blamed_on_keras(build, tmp_path):
    import keras

    model = build(keras)
    random = np.random.default_rng(1)
    model.set_weights([random.standard_normal(w.shape, np.float32) for w in model.get_weights()])
    model.save(tmp_path / "model.keras")
    result = verify(tmp_path / "model.keras", samples=2)
    assert result.exit_code == 1, result.error
    assert result.first_wrong.agreement.verdict is Verdict.KERAS_OFF, str(result.first_wrong.agreement)


def test_without_onednn_keras_is_right():
    import keras

    result = np.asarray(keras.ops.conv(X, KERNEL, strides=(1, 2), padding="valid"))
    np.testing.assert_array_equal(result, RIGHT)
