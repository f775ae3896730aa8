"""The .keras format: what Keras writes loads, on whatever system it was written; everything else is refused."""

import io
import json
import os
import stat
import zipfile

import h5py
import numpy as np
import pytest

from scratchnn import (
    ConfigError,
    ModelFaults,
    ModelFileError,
    ScratchnnError,
    UnsupportedError,
    WeightError,
    load_model,
)
from scratchnn.keras_files import limits
from tests.keras_files.writing import (
    BIAS,
    DENSE,
    INPUT,
    KERNEL,
    X,
    Y,
    dense_members,
    layer,
    members,
    sequential,
    tree,
    write_old_dense,
    write_zip,
)

FLATTEN = layer("Flatten", name="flatten")


def check(path):
    np.testing.assert_array_equal(load_model(path).forward(X), Y)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_ordinary_file(tmp_path, compression):
    check(write_zip(tmp_path / "m.keras", dense_members(), compression))


def test_hdf5_content_under_the_name_of_an_archive_and_the_other_way_round(tmp_path):
    check(write_old_dense(tmp_path / "m.keras"))
    check(write_zip(tmp_path / "m.h5", dense_members()))


def test_a_file_of_windows_with_backslashes_in_names(tmp_path):
    layers = [layer("InputLayer", name="text", batch_shape=[None, 1], dtype="string")]
    layers += [layer("TextVectorization", name="ids", output_sequence_length=2)]
    contents = members(sequential(*layers), {})
    archive = tmp_path / "text.keras"
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
        info = zipfile.ZipInfo("placeholder")
        info.filename = "assets\\layers\\text_vectorization\\vocabulary.txt"
        file.writestr(info, b"\r\n[UNK]\r\nb\xc3\xa4h\r\nso so")
    model = load_model(archive)
    assert model.layers[0].vocabulary == ["", "[UNK]", "bäh", "so so"]
    assert model.predict(["bäh nein"]).tolist() == [[2, 1]]

    weights = tree({"layers/dense": [KERNEL, BIAS]}, separator="\\")
    check(write_zip(tmp_path / "m.keras", members(sequential(INPUT, DENSE), weights)))


def test_the_group_of_keras_2_13(tmp_path):
    weights = {"_layer_checkpoint_dependencies/dense": [KERNEL, BIAS], "optimizer": [np.zeros(3)]}
    contents = members(sequential(INPUT, DENSE), {}, "2.13.1")
    content = io.BytesIO(tree(weights))
    with h5py.File(content, "a") as root:
        del root["layers"]
    check(write_zip(tmp_path / "m.keras", {**contents, "model.weights.h5": content.getvalue()}))


def test_a_model_without_input_layer_takes_the_shape_that_keras_noted(tmp_path):
    config = sequential(DENSE, build_input_shape=[None, 3])
    model = load_model(write_zip(tmp_path / "m.keras", members(config, {"layers/dense": [KERNEL, BIAS]})))
    assert model.input_shapes == [(None, 3)]
    np.testing.assert_array_equal(model.predict(X), Y)


def test_the_second_layer_of_a_class_has_a_numbered_group(tmp_path):
    second = layer("Dense", name="other", units=3, activation=None)
    weights = {"layers/dense": [KERNEL, BIAS], "layers/dense_1": [KERNEL.T, np.ones(3, np.float32)]}
    model = load_model(write_zip(tmp_path / "m.keras", members(sequential(INPUT, DENSE, second), weights)))
    np.testing.assert_array_equal(model.forward(X), Y @ KERNEL.T + 1)


def archive_with(**info):
    """A dense model and one member more, whose entry has these attributes."""

    def make(path):
        write_zip(path, dense_members())
        with zipfile.ZipFile(path, "a") as archive:
            entry = zipfile.ZipInfo("placeholder")
            for key, value in info.items():
                setattr(entry, key, value)
            archive.writestr(entry, b"x")

    return make


def with_members(**changes):
    """A dense model with members changed, or left out where the value is None."""
    names = {"config": "config.json", "metadata": "metadata.json", "weights": "model.weights.h5"}

    def make(path):
        contents = {**dense_members(), **{names[key]: value for key, value in changes.items()}}
        write_zip(path, {name: content for name, content in contents.items() if content is not None})

    return make


def with_config(config):
    return with_members(config=json.dumps(config).encode())


def with_layers(*layers, weights=None):
    def make(path):
        write_zip(path, members(sequential(INPUT, *layers), {} if weights is None else weights))

    return make


def with_arrays(weights):
    return with_members(weights=tree(weights))


def zeros(path):
    write_zip(path, {**dense_members(), "model.weights.h5": bytes(50 << 20)}, zipfile.ZIP_DEFLATED)


DEEP = b'{"a":' * 200 + b"1" + b"}" * 200
LAMBDA = layer("Lambda", name="evil", function={"class_name": "__lambda__", "config": {"value": "4wEAAAA="}})
CUSTOM = {**DENSE, "module": "os", "class_name": "system", "registered_name": "os>system"}
INITIALIZER = {"module": "evil", "class_name": "Zeros", "config": {}, "registered_name": "evil>Zeros"}
FUNCTION = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}

REFUSED = {
    "no config": (with_members(config=None), ModelFileError, "expected config.json"),
    "no metadata": (with_members(metadata=None), ModelFileError, "expected metadata.json"),
    "no weights": (with_members(weights=None), ModelFileError, "expected model.weights.h5"),
    "config of nonsense": (with_members(config=b"{'a': 1}"), ModelFileError, "config.json: is not JSON"),
    "config of a list": (with_members(config=b"[1]"), ModelFileError, "expected a JSON object, got list"),
    "config of 200 levels": (with_members(config=DEEP), ModelFileError, "at most 100 lists and objects"),
    "config of 100,000 levels": (with_members(config=b"[" * 100_000), ModelFileError, "is not JSON"),
    "a key twice": (with_members(config=b'{"class_name": 1, "class_name": 2}'), ModelFileError, "key twice"),
    "a number of 5,000 digits": (with_members(config=b"9" * 5000), ModelFileError, "is not JSON"),
    "config that is not UTF-8": (with_members(config=b'{"a": "\xff"}'), ModelFileError, "is not JSON"),
    "no model": (
        with_config({"class_name": "Dense", "config": {}}),
        UnsupportedError,
        "expected a model of class",
    ),
    "no layers": (with_config({"class_name": "Sequential", "config": {}}), ScratchnnError, "list of layers"),
    "a custom model": (
        with_config({"module": "evil", "class_name": "Net", "config": {}, "registered_name": "evil>Net"}),
        UnsupportedError,
        "custom class 'Net'",
    ),
    "weights of nonsense": (with_members(weights=b"nonsense"), ModelFileError, "damaged HDF5 content"),
    "an unknown member": (archive_with(filename="evil.py"), ModelFileError, "got evil.py"),
    "a member above": (archive_with(filename="assets/../../evil"), ModelFileError, "relative path without"),
    "a member above, of Windows": (archive_with(filename="..\\..\\evil"), ModelFileError, "relative path without"),
    "an absolute member": (archive_with(filename="/etc/passwd"), ModelFileError, "relative path without"),
    "a member on a drive": (archive_with(filename="C:\\evil"), ModelFileError, "relative path without"),
    "a link": (
        archive_with(filename="assets/vocabulary.txt", external_attr=(stat.S_IFLNK | 0o777) << 16),
        ModelFileError,
        "expected a file, got a link",
    ),
    "a rare compression": (
        archive_with(filename="assets/vocabulary.txt", compress_type=zipfile.ZIP_LZMA),
        ModelFileError,
        "stored or deflated",
    ),
    "a member twice": (archive_with(filename="assets\\..\\config.json"), ModelFileError, "relative path"),
    "a vocabulary of no layer": (
        archive_with(filename="assets/layers/nothing/vocabulary.txt"),
        ModelFileError,
        "vocabularies of no layer: layers/nothing",
    ),
    "50 MiB of zeros, deflated, for the weights": (
        zeros,
        ModelFileError,
        "expected at most 1100 times as many|damaged HDF5",
    ),
    "a Lambda": (with_layers(LAMBDA), UnsupportedError, "Lambda 'evil': Lambda carries Python code"),
    "a custom layer": (with_layers(CUSTOM), UnsupportedError, "custom class 'system' .*'os'.* no code of a file"),
    "a custom initializer": (
        with_layers({**DENSE, "config": {**DENSE["config"], "kernel_initializer": INITIALIZER}}),
        UnsupportedError,
        "Dense 'dense', kernel_initializer: a custom class 'Zeros'",
    ),
    "a function of another module": (
        with_layers({**DENSE, "config": {**DENSE["config"], "activation": FUNCTION}}),
        UnsupportedError,
        "Dense 'dense', activation: a custom class 'function'",
    ),
    "no weights for a layer": (with_arrays({}), WeightError, "weight 'kernel' is missing"),
    "optimizer variables alone": (
        with_arrays({"optimizer": [KERNEL, BIAS]}),
        WeightError,
        "Dense 'dense': weight 'kernel' is missing",
    ),
    "weights of another layer": (
        with_arrays({"layers/dense": [KERNEL, BIAS], "layers/conv2d": [KERNEL]}),
        WeightError,
        "layers that the model has not: conv2d",
    ),
    "weights beside the layers": (
        with_arrays({"layers/dense": [KERNEL, BIAS], "extra": [KERNEL]}),
        WeightError,
        "outside of the layers: extra/vars/0",
    ),
    "an unknown object in a layer": (
        with_arrays({"layers/dense": [KERNEL, BIAS], "layers/dense/hidden": [KERNEL]}),
        WeightError,
        "Dense 'dense': weights that its config does not call for: .*layers/dense/hidden/vars/0",
    ),
    "text as weights": (
        with_arrays({"layers/dense": [np.array([b"a"]), BIAS]}),
        ModelFileError,
        "expected an array of numbers",
    ),
    "complex weights": (with_arrays({"layers/dense": [KERNEL.astype(complex), BIAS]}), ModelFileError, "numbers"),
    "boolean weights": (with_arrays({"layers/dense": [KERNEL > 0, BIAS]}), WeightError, "got dtype bool"),
    "a layer name twice": (with_layers(FLATTEN, FLATTEN), ScratchnnError, "each layer name once"),
    "no shape": (with_config(sequential(FLATTEN)), ScratchnnError, "'batch_shape': expected a list"),
    "a shape of text": (
        with_config(sequential(layer("InputLayer", name="i", batch_shape=[None, "3"]), FLATTEN)),
        ScratchnnError,
        "'batch_shape': expected a list",
    ),
    "a layer without config": (with_config(sequential(INPUT, {"class_name": "Dense"})), ScratchnnError, "config"),
    "units of 10^30": (
        with_layers({**DENSE, "config": {**DENSE["config"], "units": 10**30}}, weights={"layers/dense": [KERNEL]}),
        WeightError,
        "expected shape",
    ),
    "negative units": (
        with_layers({**DENSE, "config": {**DENSE["config"], "units": -1}}),
        ScratchnnError,
        ">= 1, got -1",
    ),
    "a slope of NaN": (
        with_layers(layer("LeakyReLU", name="l", negative_slope=float("nan"))),
        ScratchnnError,
        "negative_slope.*got nan",
    ),
    "an output that no memory holds": (
        with_layers(layer("RepeatVector", name="r", n=1 << 40)),
        ScratchnnError,
        "at most 2147483648 numbers a sample",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_by_name(what, tmp_path):
    make, error, message = REFUSED[what]
    make(tmp_path / "m.keras")
    with pytest.raises(error, match=message) as caught:
        load_model(tmp_path / "m.keras")
    assert len(str(caught.value)) < 5000


def test_every_fault_of_a_model_is_in_one_message(tmp_path):
    unknown = layer("Mystery", name="mystery")
    kernel = layer("Dense", name="misshapen", units=2)
    weights = {"layers/dense": [np.ones((5, 5), np.float32), BIAS], "layers/gru": [BIAS], "extra": [BIAS]}
    path = write_zip(tmp_path / "m.keras", members(sequential(INPUT, kernel, unknown, LAMBDA), weights))
    with pytest.raises(ModelFaults) as caught:
        load_model(path)
    text = str(caught.value)
    assert "5 faults" in text
    assert "Dense 'misshapen': weight 'kernel'" in text
    assert "scratchnn has no layer 'Mystery'" in text or "Mystery 'mystery': scratchnn has no such layer" in text
    assert "Lambda 'evil': Lambda carries Python code" in text
    assert "layers that the model has not: gru" in text
    assert "outside of the layers: extra/vars/0" in text


def test_layers_behind_a_faulty_one_are_looked_at_too(tmp_path):
    """Their inputs are not known: what is wrong whatever the input is must be said all the same."""
    inner = sequential(layer("InputLayer", name="in", batch_shape=[None, 4]), layer("Mystery", name="inside"))
    stack = [
        layer("Mystery", name="mystery"),
        layer("Conv2D", name="fine", filters=2, kernel_size=[1, 1]),
        layer("Conv2D", name="grown", filters=2, kernel_size=[1, 1], sparsity=1),
        layer("Dense", name="gelu", units=2, activation="swoosh"),
        layer("Dense", name="bare", units=2),
        layer("Dense", name="negative", units=-1),
        layer("Add", name="sum"),
        {**inner, "config": {**inner["config"], "name": "nested"}},
        layer("Flatten", name="flat", data_format="sideways"),
    ]
    weights = {
        **{"layers/conv2d": [np.ones((1, 1, 3, 2)), BIAS], "layers/conv2d_1": [np.ones((1, 1, 2, 2)), BIAS]},
        **{"layers/dense": [KERNEL, BIAS], "layers/dense_2": [KERNEL, BIAS]},
    }
    path = write_zip(tmp_path / "m.keras", members(sequential(INPUT, *stack), weights))
    with pytest.raises(ModelFaults) as caught:
        load_model(path)
    found = list(map(str, caught.value.faults))
    expected = [
        "no layer 'Mystery'",
        "Conv2D 'grown': options that scratchnn does not know: sparsity=1",
        "Dense 'gelu': option 'activation': expected one of",
        "Dense 'bare': weight 'kernel' is missing",
        "Dense 'negative': option 'units'",
        "Mystery 'inside'",
        "Flatten 'flat': option 'data_format'",
    ]
    assert len(found) == len(expected), found
    for text, fault in zip(expected, found, strict=True):
        assert text in fault


def test_too_many_members_and_too_large_ones(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "m.keras", dense_members())
    monkeypatch.setattr(limits, "MAX_MEMBERS", 2)
    with pytest.raises(ModelFileError, match="at most 2 members, got 3"):
        load_model(path)
    monkeypatch.undo()
    monkeypatch.setattr(limits, "MAX_BYTES", 1000)
    with pytest.raises(ModelFileError, match="1000 in all"):
        load_model(path)


def test_a_file_cut_anywhere_is_damaged(tmp_path):
    content = write_zip(tmp_path / "m.keras", dense_members()).read_bytes()
    short = tmp_path / "short.keras"
    for size in [0, 1, 3, 4, 10, *range(20, len(content), 97), len(content) - 1]:
        short.write_bytes(content[:size])
        with pytest.raises(ModelFileError):
            load_model(short)


def test_a_flipped_bit_in_a_member_fails_the_checksum(tmp_path):
    contents = dense_members()
    content = bytearray(write_zip(tmp_path / "m.keras", contents).read_bytes())
    place = content.find(KERNEL.tobytes()) + 5
    content[place] ^= 1
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(ModelFileError, match="CRC"):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x80\x04\x95", b"PK\x05\x06" + bytes(18)])
def test_other_kinds_of_files(tmp_path, content):
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"expected a \.keras \(zip\) or \.h5 \(HDF5\) file"):
        load_model(tmp_path / "m.keras")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match="expected a file, got a pipe or a device"):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("name", ["d\ud800", "d\0", "d\x1b[31m", "d" * 2000])
def test_names_that_no_terminal_shows(name, tmp_path):
    named = {**DENSE, "name": name, "config": {**DENSE["config"], "name": name}}
    write_zip(tmp_path / "m.keras", members(sequential(INPUT, named), {"layers/dense": [KERNEL, BIAS]}))
    with pytest.raises(ConfigError, match="Dense: expected a name of printable characters") as caught:
        load_model(tmp_path / "m.keras")
    assert str(caught.value).isprintable()


def test_a_vocabulary_of_a_layer_that_takes_none(tmp_path):
    path = tmp_path / "m.keras"
    write_zip(path, {**dense_members(), "assets/layers/dense/vocabulary.txt": b"a\nb"})
    with pytest.raises(ScratchnnError, match="Dense 'dense': expected no vocabulary in the file's assets"):
        load_model(path)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(ModelFileError, match="No such file"):
        load_model(tmp_path / "nothing.keras")
    with pytest.raises(ModelFileError, match="directory"):
        load_model(tmp_path)
    with pytest.raises(ModelFileError, match="null"):
        load_model("a\0b")
