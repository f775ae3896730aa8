"""HDF5 files of Keras 2 and 3: config and weights, weights alone; links, bombs and other storage are refused."""

import h5py
import numpy as np
import pytest

from scratchnn import ModelFileError, ScratchnnError, UnsupportedError, WeightError, load_model
from scratchnn.keras_files import limits
from tests.keras_files.writing import (
    BIAS,
    DENSE,
    INPUT,
    KERNEL,
    OLD_DENSE,
    OLD_WEIGHTS,
    X,
    Y,
    dense_members,
    old,
    sequential,
    tree,
    write_h5,
    write_old_dense,
    write_zip,
)

SEQUENTIAL = {"class_name": "Sequential", "config": {"name": "model", "layers": [OLD_DENSE]}}


def check(path):
    np.testing.assert_array_equal(load_model(path).forward(X), Y)


@pytest.mark.parametrize("version", ["2.0.6", "2.14.0"])
def test_an_ordinary_file(tmp_path, version):
    check(write_old_dense(tmp_path / "m.h5", version))
    check(write_h5(tmp_path / "m.h5", SEQUENTIAL, OLD_WEIGHTS, version))


def test_an_ordinary_file_of_keras_3(tmp_path):
    config = sequential(INPUT, DENSE)
    entries = [{key: entry[key] for key in ("class_name", "config")} for entry in config["config"]["layers"]]
    legacy = {"class_name": "Sequential", "config": {"name": "model", "layers": entries}}
    check(
        write_h5(tmp_path / "m.h5", legacy, {"input": {}, "dense": {"dense/kernel": KERNEL, "dense/bias": BIAS}})
    )


def test_lists_of_names_in_chunks(tmp_path):
    path = write_old_dense(tmp_path / "m.h5")
    with h5py.File(path, "a") as root:
        for group, attribute in (("model_weights", "layer_names"), ("model_weights/dense", "weight_names")):
            names = list(root[group].attrs[attribute])
            del root[group].attrs[attribute]
            for place, name in enumerate(names):
                root[group].attrs[f"{attribute}{place}"] = [name]
    check(path)


def test_texts_of_any_kind(tmp_path):
    path = write_old_dense(tmp_path / "m.h5")
    with h5py.File(path, "a") as root:
        for notes in (root, root["model_weights"], root["model_weights/dense"]):
            for key, value in list(notes.attrs.items()):
                texts = [
                    item.decode() if isinstance(item, bytes) else item for item in np.atleast_1d(value).tolist()
                ]
                notes.attrs[key] = texts[0] if np.ndim(value) == 0 else texts
    check(path)


def test_the_optimizer_is_passed_over_and_nothing_else(tmp_path):
    path = write_old_dense(tmp_path / "m.h5")
    with h5py.File(path, "a") as root:
        root["optimizer_weights/Adam/m:0"] = KERNEL
        root["model_weights"].create_group("top_level_model_weights").attrs["weight_names"] = np.zeros(0)
    check(path)
    with h5py.File(path, "a") as root:
        root["model_weights/dense/hidden"] = KERNEL
    with pytest.raises(WeightError, match="arrays that its lists of names do not have: dense/hidden"):
        load_model(path)


WEIGHTS_ONLY = {
    "keras 3": lambda path: path.write_bytes(tree({"layers/dense": [BIAS[None] + KERNEL, BIAS + 1]})),
    "keras 3, in an archive": lambda path: write_zip(
        path, {**dense_members(), "model.weights.h5": tree({"layers/dense": [BIAS[None] + KERNEL, BIAS + 1]})}
    ),
    "keras 2": lambda path: write_h5(path, None, {"other": {"k": BIAS[None] + KERNEL, "b": BIAS + 1}}),
    "keras 1": lambda path: write_h5(path, None, {"other": {"k": BIAS[None] + KERNEL, "b": BIAS + 1}}, None),
    "a full file": lambda path: write_h5(path, SEQUENTIAL, {"dense": {"k": BIAS[None] + KERNEL, "b": BIAS + 1}}),
}


@pytest.mark.parametrize("generation", WEIGHTS_ONLY)
def test_weights_alone(tmp_path, generation):
    WEIGHTS_ONLY[generation](tmp_path / "w.h5")
    for path in (write_old_dense(tmp_path / "m.h5"), write_zip(tmp_path / "m.keras", dense_members())):
        model = load_model(path)
        model.load_weights(tmp_path / "w.h5")
        np.testing.assert_array_equal(model.forward(X), np.maximum(X @ (KERNEL + BIAS) + BIAS + 1, 0))


def test_weights_of_another_model_change_nothing(tmp_path):
    model = load_model(write_old_dense(tmp_path / "m.h5"))
    for weights, message in (
        ({"layers/dense": [KERNEL.T, BIAS]}, "expected shape"),
        ({"layers/dense": [KERNEL, BIAS], "layers/dense_1": [BIAS]}, "the model has not: dense_1"),
        ({}, "'kernel' is missing"),
    ):
        (tmp_path / "w.h5").write_bytes(tree(weights))
        with pytest.raises(WeightError, match=message):
            model.load_weights(tmp_path / "w.h5")
    write_h5(tmp_path / "w.h5", None, {**OLD_WEIGHTS, "more": {"k": KERNEL}})
    with pytest.raises(WeightError, match=r"expected weights of 1 layers \(Dense\), got 2"):
        model.load_weights(tmp_path / "w.h5")
    np.testing.assert_array_equal(model.forward(X), Y)


def write_modern(path, *more, weights=OLD_WEIGHTS):
    """Dense(2, relu), and more layers, as Keras 3 writes it: the table of hostile files asks Keras, too."""
    dense = old("Dense", name="dense", trainable=True, units=2, activation="relu", use_bias=True)
    layers = [old("InputLayer", name="input", batch_shape=[None, 3], dtype="float32"), dense, *more]
    return write_h5(
        path, {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}, weights, "3.9.0"
    )


def changed(change):
    """A dense model, changed by a function of the open file."""

    def make(path):
        write_modern(path)
        with h5py.File(path, "a") as root:
            change(root)

    return make


def replaced(name, make_new):
    """A dense model with one dataset replaced."""

    def change(root):
        del root[name]
        make_new(root, name)

    return changed(change)


KERNEL_PATH = "model_weights/dense/dense/kernel:0"


def link(kind):
    def make_new(root, name):
        root["hidden"] = KERNEL
        root[name] = kind

    return replaced(KERNEL_PATH, make_new)


def virtual(root, name):
    layout = h5py.VirtualLayout((3, 2), np.float32)
    layout[:] = h5py.VirtualSource("elsewhere.h5", "data", (3, 2))
    root.create_virtual_dataset(name, layout)


def of_objects(root, name):
    values = np.empty((3, 2), object)
    values[:] = b"cos\nsystem\n(S'echo'\ntR."
    root.create_dataset(name, data=values, dtype=h5py.string_dtype())


def bfloat16(root, name):
    root[name] = KERNEL.view(np.uint16)[:, ::2].copy()
    root[name].attrs["dtype"] = "bfloat16"


def circle(root):
    root["model_weights/dense/round"] = root["model_weights"]


def deep(root):
    group = root
    for _ in range(150):
        group = group.create_group("g")


REFUSED = {
    "an external link": (link(h5py.ExternalLink("/etc/passwd", "/")), ModelFileError, "got a ExternalLink"),
    "a soft link": (link(h5py.SoftLink("/hidden")), ModelFileError, "got a SoftLink"),
    "external storage": (
        replaced(
            KERNEL_PATH,
            lambda root, name: root.create_dataset(
                name, (3, 2), np.float32, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
            ),
        ),
        ModelFileError,
        "external storage",
    ),
    "a virtual dataset": (replaced(KERNEL_PATH, virtual), ModelFileError, "external storage"),
    "texts": (replaced(KERNEL_PATH, of_objects), ModelFileError, "expected an array of numbers, got object"),
    "bfloat16": (replaced(KERNEL_PATH, bfloat16), UnsupportedError, "got bfloat16"),
    "no data at all": (
        replaced(KERNEL_PATH, lambda root, name: root.create_dataset(name, data=h5py.Empty("f"))),
        ModelFileError,
        "got one without content",
    ),
    "a group for an array": (
        replaced(KERNEL_PATH, lambda root, name: root.create_group(name)),
        ModelFileError,
        "expected the array 'dense/kernel:0'",
    ),
    "a named type for an array": (
        replaced(KERNEL_PATH, lambda root, name: root.__setitem__(name, np.dtype("f4"))),
        ModelFileError,
        "expected a group or an array, got Datatype",
    ),
    "a dataset of 4 TB": (
        replaced(
            KERNEL_PATH,
            lambda root, name: root.create_dataset(name, (1 << 20, 1 << 20), np.float32, chunks=(1024, 1024)),
        ),
        ModelFileError,
        "at most 4294967296 bytes of numbers",
    ),
    "a dataset of 400 MB, none of it stored": (
        replaced(
            KERNEL_PATH,
            lambda root, name: root.create_dataset(name, (10_000, 10_000), np.float32, chunks=(100, 100)),
        ),
        ModelFileError,
        "it says 400000000 bytes, the file holds 0",
    ),
    "a filter that is a plugin": (
        replaced(
            KERNEL_PATH,
            lambda root, name: root.create_dataset(
                name, (3, 2), np.float32, chunks=(3, 2), compression=32015, allow_unknown_filter=True
            ),
        ),
        ModelFileError,
        r"filters \{32015\}",
    ),
    "a circle": (changed(circle), ModelFileError, "expected each object once"),
    "150 groups inside each other": (changed(deep), ModelFileError, "at most 100 groups"),
    "arrays beside the model": (
        changed(lambda root: root.__setitem__("extra/data", KERNEL)),
        WeightError,
        "does not know: extra/data",
    ),
    "weights of no layer": (
        lambda path: write_modern(path, weights={**OLD_WEIGHTS, "ghost": {"k": KERNEL}}),
        WeightError,
        "layers that the model has not: ghost",
    ),
    "weights alone": (lambda path: write_h5(path, None, OLD_WEIGHTS), ModelFileError, "got weights alone"),
    "Keras 3's weights alone": (
        lambda path: path.write_bytes(tree({"layers/dense": [KERNEL, BIAS]})),
        ModelFileError,
        "got weights alone",
    ),
    "no weights": (lambda path: write_modern(path, weights={}), WeightError, "'kernel' is missing"),
    "no list of layers": (
        changed(lambda root: root["model_weights"].attrs.__delitem__("layer_names")),
        ModelFileError,
        "expected the attribute 'layer_names'",
    ),
    "a list of numbers": (
        changed(lambda root: root["model_weights"].attrs.__setitem__("layer_names", [1, 2])),
        ModelFileError,
        "attribute 'layer_names': expected text",
    ),
    "a name that leads up": (
        changed(lambda root: root["model_weights/dense"].attrs.__setitem__("weight_names", [b"../../x"])),
        ModelFileError,
        "expected the group",
    ),
    "a config of numbers": (
        changed(lambda root: root.attrs.__setitem__("model_config", 7)),
        ModelFileError,
        "expected text",
    ),
    "a Lambda": (
        lambda path: write_modern(path, old("Lambda", name="evil", trainable=True, function=["4w==", None, None])),
        ScratchnnError,
        "Lambda 'evil': Lambda carries Python code",
    ),
    "a bare list as the config": (
        lambda path: write_h5(path, {"class_name": "Sequential", "config": [7]}, OLD_WEIGHTS),
        ScratchnnError,
        "expected a serialized layer",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_by_name(what, tmp_path):
    make, error, message = REFUSED[what]
    make(tmp_path / "m.h5")
    with pytest.raises(error, match=message):
        load_model(tmp_path / "m.h5")


def test_compressed_weights_load(tmp_path):
    path = write_old_dense(tmp_path / "m.h5")
    with h5py.File(path, "a") as root:
        del root[KERNEL_PATH]
        root.create_dataset(KERNEL_PATH, data=KERNEL, compression="gzip", shuffle=True, fletcher32=True)
    check(path)


def test_long_texts_are_not_read(tmp_path, monkeypatch):
    path = write_old_dense(tmp_path / "m.h5")
    monkeypatch.setattr(limits, "MAX_TEXT", 100)
    with pytest.raises(ModelFileError, match="at most 100"):
        load_model(path)


def test_a_file_cut_anywhere_is_damaged(tmp_path):
    content = write_old_dense(tmp_path / "m.h5").read_bytes()
    short = tmp_path / "short.h5"
    for size in [0, 8, *range(100, len(content) - 1, 331)]:
        short.write_bytes(content[:size])
        with pytest.raises(ModelFileError):
            load_model(short)


def test_a_heap_of_texts_that_the_library_would_read_for_ever(tmp_path):
    """A free object of size 0: HDF5 1.14 steps on the spot. Found by fuzzing."""
    content = bytearray(write_old_dense(tmp_path / "m.h5").read_bytes())
    start = content.find(b"GCOL\x01")
    place, end = start + 16, start + int.from_bytes(content[start + 8 : start + 16], "little")
    while int.from_bytes(content[place : place + 2], "little"):
        place += 16 + -(-int.from_bytes(content[place + 8 : place + 16], "little") // 8) * 8
    assert start < place < end
    for size in (0, 8, 1 << 40):
        content[place + 8 : place + 16] = size.to_bytes(8, "little")
        (tmp_path / "m.h5").write_bytes(content)
        with pytest.raises(ModelFileError, match="a heap of texts whose objects do not fit"):
            load_model(tmp_path / "m.h5")
