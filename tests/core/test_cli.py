"""`scratchnn predict` and `inspect` as a user calls them; no Keras."""

import re
from pathlib import Path

import numpy as np
import pytest

from scratchnn.cli import main
from tests.core.model_files import BIAS, DENSE, INPUT, KERNEL, layer, write_dense, write_keras


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_dense(tmp_path / "dense.keras")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "out.npy"
    path.write_bytes(b"what was there before")
    return path


def save(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def test_predict_writes_the_models_output(model, out, tmp_path):
    x = np.random.default_rng(0).integers(-5, 5, (3000, 3)).astype(np.float32)  # several chunks, exact in float32
    assert (
        main(["predict", str(model), str(save(tmp_path / "x.npy", x)), "-o", str(out), "--batch-size", "7"]) == 0
    )
    y = np.load(out)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, np.maximum(x @ KERNEL + BIAS, 0))


def test_inspect_shows_layers_shapes_and_parameters(model, capsys):
    assert main(["inspect", str(model)]) == 0
    text = capsys.readouterr().out
    assert "dense  Dense  (any, 2)      8" in text
    assert "total parameters: 8" in text


WRONG_INPUTS = {
    "rank": (np.zeros((2, 3, 4), np.float32), r"expected shape \(any, 3\), got \(2, 3, 4\)"),
    "features": (np.zeros((2, 4), np.float32), r"expected shape \(any, 3\), got \(2, 4\)"),
    "empty": (np.zeros((0, 3), np.float32), r"expected one row or more, got shape \(0, 3\)"),
    "scalar": (np.float32(1), r"expected one row or more, got shape \(\)"),
    "complex": (np.zeros((2, 3), np.complex64), "expected real numbers, got dtype complex64"),
    "text": (np.array([["a", "b", "c"]]), "expected real numbers, got dtype <U1"),
}


@pytest.mark.parametrize("name", WRONG_INPUTS)
def test_wrong_input_is_refused_and_the_output_untouched(name, model, out, tmp_path, capsys):
    array, message = WRONG_INPUTS[name]
    x = save(tmp_path / "x.npy", array)
    before = sorted(tmp_path.iterdir())
    assert main(["predict", str(model), str(x), "-o", str(out)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("scratchnn: ")
    assert re.search(message, captured.err), captured.err
    assert out.read_bytes() == b"what was there before"
    assert sorted(tmp_path.iterdir()) == before  # nothing half-written


WRONG_FILES = {
    "missing": (lambda path: None, "cannot be read: No such file or directory"),
    "a folder": (lambda path: path.mkdir(), "cannot be read: Is a directory"),
    "empty": (lambda path: path.write_bytes(b""), r"expected a \.keras \(zip\) or \.h5 \(HDF5\) file"),
    "text": (lambda path: path.write_text("no model"), r"expected a \.keras \(zip\) or \.h5 \(HDF5\) file"),
    "truncated": (
        lambda path: path.write_bytes(write_dense(path.with_name("whole.keras")).read_bytes()[:900]),
        "damaged .keras file",
    ),
    "without weights": (
        lambda path: write_keras(path, [INPUT, DENSE], {}),
        r"Dense 'dense': weight 'kernel' is missing: expected shape \(3, 2\)",
    ),
    "with a misshapen weight": (
        lambda path: write_keras(path, [INPUT, DENSE], {"dense": [KERNEL.T, BIAS]}),
        r"Dense 'dense': weight 'kernel' .*expected shape \(3, 2\), got \(2, 3\)",
    ),
    "with a weight too many": (
        lambda path: write_keras(path, [INPUT, DENSE], {"dense": [KERNEL, BIAS, BIAS]}),
        "Dense 'dense': weights that its config does not call for",
    ),
    "with an unknown layer": (
        lambda path: write_keras(path, [INPUT, layer("Lambda", name="evil", function="x")], {}),
        "Lambda 'evil': Lambda carries Python code; scratchnn runs no code of a file",
    ),
    "with an unknown option": (
        lambda path: write_keras(
            path, [INPUT, {**DENSE, "config": {**DENSE["config"], "sparsity": 3}}], {"dense": [KERNEL, BIAS]}
        ),
        "Dense 'dense': options that scratchnn does not know: sparsity=3",
    ),
    "with a bad value": (
        lambda path: write_keras(
            path, [INPUT, {**DENSE, "config": {**DENSE["config"], "units": -2}}], {"dense": [KERNEL, BIAS]}
        ),
        "Dense 'dense': option 'units': expected an integer >= 1, got -2",
    ),
    "with a class that no terminal shows": (
        lambda path: write_keras(path, [INPUT, layer("Dense\ud800", name="d")], {}),
        r"scratchnn has no layer",
    ),
    "with two faults": (
        lambda path: write_keras(path, [INPUT, DENSE, layer("Mystery", name="m")], {"dense": [KERNEL.T, BIAS]}),
        r"(?s)2 faults.*Dense 'dense'.*Mystery 'm'",
    ),
    "of a custom class": (
        lambda path: write_keras(path, [INPUT, {**DENSE, "module": "evil", "registered_name": "evil>Dense"}], {}),
        "a custom class .*no code of a file",
    ),
}


@pytest.mark.parametrize("command", ["predict", "inspect"])
@pytest.mark.parametrize("name", WRONG_FILES)
def test_wrong_model_is_refused(name, command, out, tmp_path, capsys):
    make, message = WRONG_FILES[name]
    model = tmp_path / "model.keras"
    make(model)
    x = save(tmp_path / "x.npy", np.zeros((2, 3), np.float32))
    arguments = [str(x), "-o", str(out)] if command == "predict" else []
    assert main([command, str(model), *arguments]) == 2
    captured = capsys.readouterr()
    assert re.search(message, captured.err), captured.err
    assert "Traceback" not in captured.err
    assert out.read_bytes() == b"what was there before"


@pytest.mark.parametrize("content", [b"", b"not numpy", b"\x93NUMPY\x01\x00", b"PK\x03\x04 no archive"])
def test_an_input_that_is_no_array_is_refused(content, model, out, tmp_path, capsys):
    (tmp_path / "x.npy").write_bytes(content)
    assert main(["predict", str(model), str(tmp_path / "x.npy"), "-o", str(out)]) == 2
    assert "expected a .npy file with one array" in capsys.readouterr().err


def test_pickled_input_is_refused(model, out, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert main(["predict", str(model), str(tmp_path / "x.npy"), "-o", str(out)]) == 2
    assert "expected a .npy file with one array" in capsys.readouterr().err


def test_a_damaged_archive_is_refused(model, out, tmp_path, capsys):
    np.savez_compressed(tmp_path / "x.npz", input=np.zeros((900, 3), np.float32))
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[60:70] = b"x" * 10
    (tmp_path / "x.npz").write_bytes(content)
    assert main(["predict", str(model), str(tmp_path / "x.npz"), "-o", str(out)]) == 2
    assert "x.npz: expected a .npy file with one array, or a .npz file" in capsys.readouterr().err


def test_an_archive_of_something_else_is_refused(model, out, capsys):
    assert main(["predict", str(model), str(model), "-o", str(out)]) == 2
    assert "one for each input: got an archive of something else" in capsys.readouterr().err


def test_the_input_may_stand_in_an_archive_by_its_name(model, out, tmp_path, capsys):
    x = np.arange(9, dtype=np.float32).reshape(3, 3)
    np.savez(tmp_path / "x.npz", input=x)
    assert main(["predict", str(model), str(tmp_path / "x.npz"), "-o", str(out)]) == 0
    np.testing.assert_array_equal(np.load(out), np.maximum(x @ KERNEL + BIAS, 0))
    np.savez(tmp_path / "x.npz", other=x)
    assert main(["predict", str(model), str(tmp_path / "x.npz"), "-o", str(out)]) == 2
    assert "expected inputs ['input'], got ['other']" in capsys.readouterr().err


def test_an_output_folder_that_is_missing_is_named(model, tmp_path, capsys):
    x = save(tmp_path / "x.npy", np.zeros((2, 3), np.float32))
    assert main(["predict", str(model), str(x), "-o", str(tmp_path / "no" / "out.npy")]) == 2
    assert "out.npy: cannot be written: No such file or directory" in capsys.readouterr().err


def test_ids_out_of_range_name_the_place(out, tmp_path, capsys):
    embedding = layer("Embedding", name="embedding", input_dim=4, output_dim=2, mask_zero=False)
    table = np.ones((4, 2), np.float32)
    model = write_keras(tmp_path / "ids.keras", [INPUT, embedding], {"embedding": [table]})
    for wrong in (4, -1):
        x = save(tmp_path / "x.npy", np.array([[0, 1, 2], [3, wrong, 0]]))
        assert main(["predict", str(model), str(x), "-o", str(out)]) == 2
        assert f"expected whole ids from 0 to 3, got {wrong} at (1, 1)" in capsys.readouterr().err


def test_batch_size_below_one_is_refused(model, out, tmp_path, capsys):
    x = save(tmp_path / "x.npy", np.zeros((2, 3), np.float32))
    assert main(["predict", str(model), str(x), "-o", str(out), "--batch-size", "0"]) == 2
    assert "batch_size: expected 1 or more, got 0" in capsys.readouterr().err
