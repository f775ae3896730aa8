"""Models of several inputs on the command line: one array for each, by name, in a .npz file."""

import numpy as np
import pytest

from scratchnn import load_model
from scratchnn.cli import main

pytestmark = pytest.mark.keras
B = np.random.default_rng(1).standard_normal((1500, 3), np.float32)  # more than one chunk
A = np.random.default_rng(2).standard_normal((1500, 4), np.float32)


@pytest.fixture(scope="module", params=[list, dict])
def model(request, tmp_path_factory):
    """Its inputs in a list or in a dict; its output in a dict, alone."""
    import keras

    b, a = keras.Input((3,), name="b"), keras.Input((4,), name="a")
    joined = keras.layers.Concatenate()([keras.layers.Dense(2)(b), keras.layers.Dense(3)(a)])
    inputs = [b, a] if request.param is list else {"b": b, "a": a}
    path = tmp_path_factory.mktemp("several") / "model.keras"
    keras.Model(inputs, {"joined": joined}).save(path)
    return path


@pytest.fixture
def inputs(tmp_path):
    np.savez(tmp_path / "x.npz", a=A, b=B)
    return tmp_path / "x.npz"


def test_verify_takes_them_by_name(model, inputs, capsys):
    assert main(["verify", str(model), "--inputs", str(inputs)]) == 0
    assert "whole model, 256 samples" in capsys.readouterr().out


def test_predict_takes_them_by_name(model, inputs, tmp_path):
    assert main(["predict", str(model), str(inputs), "-o", str(tmp_path / "y.npy")]) == 0
    expected = load_model(model).forward([B, A])["joined"]
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), expected, rtol=1e-6, atol=1e-6)


WRONG = {
    "missing": ({"b": B}, "expected inputs ['b', 'a'], got ['b']"),
    "unknown": ({"b": B, "a": A, "c": A}, "expected inputs ['b', 'a'], got ['a', 'b', 'c']"),
    "swapped": ({"b": A, "a": B}, "input 'b': expected shape (any, 3), got ("),
    "uneven": ({"b": B, "a": A[:1024]}, "for each input, got {"),
    "pickled": ({"b": B, "a": np.array([{}], dtype=object)}, "Object arrays cannot be loaded"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("command", ["verify", "predict"])
def test_what_does_not_fit_is_named(name, command, model, tmp_path, capsys):
    arrays, message = WRONG[name]
    np.savez(tmp_path / "x.npz", **arrays)
    rest = ["--inputs", str(tmp_path / "x.npz")]
    rest = rest if command == "verify" else [str(tmp_path / "x.npz"), "-o", str(tmp_path / "y.npy")]
    assert main([command, str(model), *rest]) == 2
    said = capsys.readouterr()
    assert message in (said.out + said.err).replace("\n", " ")
    assert not (tmp_path / "y.npy").exists()


@pytest.mark.parametrize("command", ["verify", "predict"])
def test_one_array_is_not_enough(command, model, tmp_path, capsys):
    np.save(tmp_path / "x.npy", B)
    rest = ["--inputs", str(tmp_path / "x.npy")]
    rest = rest if command == "verify" else [str(tmp_path / "x.npy"), "-o", str(tmp_path / "y.npy")]
    assert main([command, str(model), *rest]) == 2
    said = capsys.readouterr()
    assert "expected 2 inputs ['b', 'a'], got" in said.out + said.err
