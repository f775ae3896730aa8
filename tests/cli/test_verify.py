"""`scratchnn verify` as a user calls it: what it prints, writes and exits with."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchnn
from scratchnn import verify
from scratchnn.cli import main
from tests.core.model_files import layer, write_dense, write_keras

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CNN with weights that are not Keras's first ones, saved by Keras."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((9, 7, 2)),
            keras.layers.Conv2D(3, (3, 2), strides=2, padding="same", activation="relu", name="conv"),
            keras.layers.MaxPooling2D(2, name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(4, activation="softmax", name="dense"),
        ]
    )
    random = np.random.default_rng(1)
    model.set_weights([random.standard_normal(w.shape, np.float32) for w in model.get_weights()])
    path = tmp_path_factory.mktemp("verify") / "cnn.keras"
    model.save(path)
    return path


@pytest.mark.keras
def test_a_model_that_agrees_exits_0(cnn, tmp_path, capsys):
    assert main(["verify", str(cnn), "--samples", "5", "--seed", "3", "--json", str(tmp_path / "out.json")]) == 0
    text = capsys.readouterr().out
    for name in ("conv", "pool", "flatten", "dense"):
        assert re.search(rf"│ {name} +│", text), name
    assert "label agreement 1.0000" in text
    assert re.search(r"^AGREES: .*cnn\.keras: all 4 layers within 0\.\d+ of their bounds$", text, re.MULTILINE)
    data = json.loads((tmp_path / "out.json").read_text())
    assert data["exit_code"] == 0
    assert [entry["layer"] for entry in data["models"][0]["layers"]] == ["conv", "pool", "flatten", "dense"]
    assert all(0 <= entry["ratio"] < 1 for entry in data["models"][0]["layers"])


@pytest.mark.keras
@pytest.mark.parametrize("wrong", ["conv", "dense"])
def test_one_changed_weight_exits_1_and_names_the_layer(wrong, cnn, capsys, monkeypatch):
    def load_changed(path: Path) -> scratchnn.Model:
        model = scratchnn.load_model(path)
        weights = [array.copy() for array in model.layer(wrong).get_weights()]
        weights[0].flat[0] *= 1 + 1e-3
        model.layer(wrong).set_weights(*weights)
        return model

    monkeypatch.setattr(verify, "load_model", load_changed)
    assert main(["verify", str(cnn)]) == 1
    text = capsys.readouterr().out
    assert re.search(rf"^DISAGREES: .*first at layer \w+ '{wrong}': scratch off", text, re.MULTILINE)


@pytest.mark.keras
def test_given_inputs_are_used(cnn, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.ones((6, 9, 7, 2), np.float32))
    assert main(["verify", str(cnn), "--inputs", str(tmp_path / "x.npy")]) == 0
    assert "whole model, 6 samples" in capsys.readouterr().out


@pytest.mark.keras
def test_inputs_that_do_not_fit_exit_2(cnn, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.ones((6, 9, 8, 2), np.float32))
    assert main(["verify", str(cnn), "--inputs", str(tmp_path / "x.npy")]) == 2
    text = capsys.readouterr().out
    assert "NOT JUDGED" in text
    assert "expected shape (any, 9, 7, 2), got (6, 9, 8, 2)" in text


@pytest.mark.keras
def test_what_cannot_be_judged_exits_2_but_a_disagreement_wins(cnn, tmp_path, capsys, monkeypatch):
    unsupported = write_keras(
        tmp_path / "lambda.keras",
        [layer("InputLayer", name="input", batch_shape=[None, 3]), layer("Lambda", name="evil")],
        {},
    )
    assert main(["verify", str(cnn), str(unsupported), str(tmp_path / "missing.keras")]) == 2
    text = capsys.readouterr().out
    assert "AGREES" in text
    assert "NOT JUDGED" in text
    assert "Lambda 'evil'" in text
    assert "3 models: 1 agree, 2 could not be judged" in text
    monkeypatch.setattr(verify, "load_model", lambda path: scratchnn.load_model(path).map_weights(lambda a: 2 * a))
    assert main(["verify", str(unsupported), str(cnn)]) == 1


@pytest.mark.keras
def test_keras_is_given_only_what_our_reader_accepts(tmp_path, monkeypatch):
    opened: list[Any] = []
    monkeypatch.setattr(verify, "KerasModel", lambda path, spec: opened.append(path))
    evil = write_keras(tmp_path / "evil.keras", [layer("Lambda", name="evil", function="code")], {})
    assert main(["verify", str(evil)]) == 2
    assert opened == []


def test_without_keras_it_exits_2_and_says_what_to_install(tmp_path):
    (tmp_path / "keras.py").write_text("raise ImportError('No module named keras')")
    model = write_dense(tmp_path / "dense.keras")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import scratchnn.cli; scratchnn.cli.entry_point()"
    result = subprocess.run([sys.executable, "-c", code, "verify", str(model)], capture_output=True, text=True)
    assert result.returncode == 2
    assert "pip install 'scratchnn[keras]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.keras
@pytest.mark.parametrize("samples", ["0", "-3"])
def test_a_number_of_samples_below_one_exits_2(samples, cnn, capsys):
    assert main(["verify", str(cnn), "--samples", samples]) == 2
    assert f"samples: expected 1 or more, got {samples}" in capsys.readouterr().out


@pytest.mark.keras
def test_the_goldens_agree_without_a_data_set(capsys, monkeypatch):
    monkeypatch.delenv("SCRATCHNN_DATA", raising=False)
    folders = [GOLDEN / name for name in ("cnn_32_64_k3_max", "rnn_5x32_both", "lstm_1x64_both")]
    assert main(["verify", *map(str, folders)]) == 0
    text = capsys.readouterr().out
    assert text.count("recorded probes, 16 samples") == 3
    assert text.count("SCRATCHNN_DATA is not set: the real test split was not compared") == 3


@pytest.mark.keras
@pytest.mark.data
@pytest.mark.parametrize("name", ["cnn_32_64_k3_max", "rnn_5x32_both", "lstm_1x64_both"])
def test_the_goldens_agree_on_the_real_test_split(name, data_dir, capsys):
    assert main(["verify", str(GOLDEN / name)]) == 0
    text = capsys.readouterr().out
    line = next(line for line in text.splitlines() if "test split" in line)
    assert "label agreement 1.0000" in line
    assert "difference 0.000000" in line
    assert text.count("macro avg") == 2


@pytest.mark.keras
@pytest.mark.models
def test_models_of_other_people_agree(models_dir, capsys):
    """Of all generations of Keras, those that Keras 3 cannot load or misreads among them."""
    manifest = json.loads((models_dir / "manifest.json").read_text())
    files = [models_dir / entry["file"] for entry in manifest]
    old = sum(not entry["keras_version"].startswith("3") for entry in manifest)
    assert main(["verify", "--samples", "4", *map(str, files)]) == 0
    text = capsys.readouterr().out
    assert f"{len(files)} models: {len(files)} agree" in text
    assert text.count("the reference is built of fresh Keras layers") == old


@pytest.mark.parametrize("seed", ["-1", "x"])
def test_a_seed_that_numpy_does_not_take_exits_2(seed, cnn, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["verify", str(cnn), "--seed", seed])
    assert stopped.value.code == 2
    assert "expected a whole number from 0 up" in capsys.readouterr().err


@pytest.mark.keras
def test_samples_beyond_the_memory_exit_2(cnn, capsys):
    assert main(["verify", str(cnn), "--samples", "1" + 15 * "0"]) == 2
    assert "not enough memory" in capsys.readouterr().err


@pytest.mark.keras
def test_texts_that_no_layer_looks_up_are_not_drawn(tmp_path, capsys):
    import keras

    text = keras.Input((2,), dtype="string")
    keras.Model(text, keras.layers.Reshape((2, 1))(text)).save(tmp_path / "m.keras")
    assert main(["verify", str(tmp_path / "m.keras")]) == 2
    assert "give some (--inputs)" in capsys.readouterr().out
