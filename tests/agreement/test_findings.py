"""docs/findings.md: every script shows what it says, and every script is listed."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scratchnn.agreement import Verdict, check_call
from scratchnn.layers.conv2d import Conv2D

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCRIPTS = sorted((DOCS / "findings").glob("*.py"))
ONEDNN = "onednn_conv2d.py"
X = np.arange(12, dtype=np.float32).reshape(2, 2, 3, 1)
KERNEL = np.ones((1, 2, 1, 1), np.float32)
RIGHT = np.array([1, 7, 13, 19], np.float32).reshape(2, 2, 1, 1)

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.name != ONEDNN], ids=lambda script: script.stem)
def test_the_script_shows_it(script, capsys):
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out


def test_every_script_is_listed_and_every_listed_script_is_there():
    text = (DOCS / "findings.md").read_text()
    assert all(f"(findings/{script.name})" in text for script in SCRIPTS)
    assert text.count("](findings/") == len(SCRIPTS)


def test_with_onednn_keras_is_off():
    """The verdict on TensorFlow's wrong Conv2D: Keras, with scratchnn within the bound and exact."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, str(DOCS / "findings" / ONEDNN)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if run.returncode == 0:
        pytest.skip("this TensorFlow on this CPU does not show the bug")
    assert run.returncode == 3, run.stdout + run.stderr
    assert "keras off" in run.stdout


def test_the_result_of_onednn_is_blamed_on_keras():
    """The result as it was with AVX-512, so that the verdict is tested on a CPU without it too."""
    layer = Conv2D(KERNEL, None, None, "valid", strides=(1, 2), use_bias=False)
    seen = np.array([1, 0, 13, 0], np.float32).reshape(RIGHT.shape)
    result = check_call(layer, (X,), {}, None, seen, reference64=RIGHT.astype(np.float64), exact=True)
    assert result.verdict is Verdict.KERAS_OFF
    assert check_call(layer, (X,), {}, None, RIGHT, exact=True).verdict is Verdict.AGREE


def test_without_onednn_keras_is_right():
    import keras

    result = np.asarray(keras.ops.conv(X, KERNEL, strides=(1, 2), padding="valid"))
    np.testing.assert_array_equal(result, RIGHT)
