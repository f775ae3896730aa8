"""Valid small model files of every format, and ways to damage them."""

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from tests.keras_files import writing
from tests.keras_files.writing import BIAS, DENSE, INPUT, KERNEL, called, functional, layer, members, old, tensor

Mutate = Callable[[bytes, random.Random], bytes]

# Bytes that mean something: ends of ranges, line ends, quotes, brackets, HDF5's undefined address.
INTERESTING = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff" * 8, b"\x00" * 8, b"\n", b'"', b"}", b"[", b"9" * 20)
WORDS = (
    *(b"null", b"true", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'"Dense"', b'"__lambda__"', b"1000000000000"),
    *(b'"class_name"', b'"config"', b'"batch_shape"', b'"module"', b'"LSTM"', b'"Bidirectional"', b"[[[[[["),
)


def samples(folder: Path) -> dict[str, bytes]:
    """One valid file of each format."""
    writing.write_zip(folder / "archive", writing.dense_members())
    writing.write_zip(folder / "graph", _graph())
    writing.write_old_dense(folder / "keras2")
    one = {"W": KERNEL, "b": BIAS}
    dense = old("Dense", name="d", output_dim=2, activation="relu", batch_input_shape=[None, 3])
    writing.write_h5(folder / "keras1", {"class_name": "Sequential", "config": [dense]}, {"d": one}, "1.2.2")
    (folder / "weights").write_bytes(writing.tree({"layers/dense": [KERNEL, BIAS]}))
    with h5py.File(folder / "packed", "w", libver="latest") as root:  # other structures inside HDF5
        with h5py.File(folder / "keras2") as source:
            for name in source:
                source.copy(name, root)
            root.attrs.update(source.attrs)
        del root["model_weights/dense/dense/kernel:0"]
        root["model_weights/dense/dense"].create_dataset("kernel:0", data=KERNEL, compression="gzip", shuffle=True)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _graph() -> dict[str, bytes]:
    """A functional model with a recurrent, a nested and a merge layer, and operations."""
    entry = {**INPUT, "name": "input", "inbound_nodes": []}
    add = layer("Add", name="add", trainable=True)
    inner = called(writing.sequential(INPUT, DENSE), tensor("input"))
    lstm = layer("LSTM", name="lstm", units=2, activation="tanh", recurrent_activation="sigmoid")
    reshape = layer("Reshape", name="reshape", target_shape=[3, 1])
    times = {"module": "keras.src.ops.numpy", "class_name": "Multiply", "config": {"name": "times"}}
    calls = [
        *(entry, inner, called(reshape, tensor("input")), called(lstm, tensor("reshape"))),
        called(add, [tensor("model"), tensor("lstm")]),
        {**times, "name": "times", "inbound_nodes": [{"args": [tensor("add"), 2.0], "kwargs": {}}]},
    ]
    arrays = [np.ones((1, 8), np.float32), np.ones((2, 8), np.float32), np.ones(8, np.float32)]
    weights = {"layers/sequential/layers/dense": [KERNEL, BIAS], "layers/lstm/cell": arrays}
    return members(functional(calls, ["input", 0, 0], ["times", 0, 0]), weights)


def of_bytes(content: bytes, source: random.Random) -> bytes:
    """One to eight changes of single bytes, short runs, or the length."""
    data = bytearray(content)
    for _ in range(source.choice((1, 1, 1, 2, 4, 8))):
        place, size = source.randrange(len(data) or 1), source.choice((1, 1, 2, 4, 8, 64))
        match source.randrange(7):
            case 0:
                data[place : place + 1] = bytes([data[place] ^ 1 << source.randrange(8)] if data else b"")
            case 1:
                data[place : place + 1] = bytes([source.randrange(256)])
            case 2:
                run = source.choice(INTERESTING)
                data[place : place + len(run)] = run
            case 3:
                del data[place : place + size]
            case 4:
                data[place:place] = data[place : place + size]
            case 5:
                other = source.randrange(len(data) or 1)
                data[place : place + size] = data[other : other + size]
            case _:
                if source.random() < 0.2:
                    del data[place:]
    return bytes(data)


def of_members(content: bytes, source: random.Random) -> bytes:
    """Damage inside an archive whose checksums are right: of the text, or of the arrays."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    name = source.choice([*contents, "config.json", "config.json"])
    change = source.choice((of_json, of_words)) if name.endswith(".json") else of_bytes
    contents[name] = change(contents[name], source)
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", source.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for key, value in contents.items():
            archive.writestr(key, value)
    return result.getvalue()


def of_words(content: bytes, source: random.Random) -> bytes:
    """A value of a JSON text replaced by another, or bytes of it damaged."""
    if source.random() < 0.3:
        return of_bytes(content, source)
    parts = content.split(b" ")
    parts[source.randrange(len(parts))] = source.choice(WORDS)
    return b" ".join(parts)


def of_json(content: bytes, source: random.Random) -> bytes:
    """Valid JSON with a few values, keys or items changed, moved, doubled or left out."""
    value = json.loads(content)
    for _ in range(source.choice((1, 1, 2, 3))):
        holders = list(_holders(value))
        holder = source.choice(holders)
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            continue
        key = source.choice(keys)
        other = source.choice(holders)
        fresh = (
            None,
            -1,
            0,
            2,
            1 << 40,
            1.5,
            "",
            "x",
            "Dense",
            [],
            {},
            True,
            other,
            [other],
            {"class_name": "Dense"},
        )
        if source.random() < 0.2:
            del holder[key]
        else:
            holder[key] = json.loads(json.dumps(source.choice(fresh)))
    return json.dumps(value).encode()


def _holders(value: object) -> list:
    """All lists and objects of a JSON value."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict | list) else []
    return own + [holder for child in children for holder in _holders(child)]


def of_hdf5_config(content: bytes, source: random.Random) -> bytes:
    """An .h5 file whose config is damaged JSON, with the rest as it was."""
    result = io.BytesIO(content)
    with h5py.File(result, "a") as root:
        if "model_config" in root.attrs:
            change = source.choice((of_json, of_words))
            text = root.attrs["model_config"]
            damaged = change(text.encode() if isinstance(text, str) else bytes(text), source)
            root.attrs["model_config"] = np.bytes_(damaged or b" ")
    return result.getvalue()


def mutated(name: str, content: bytes, seed: int) -> tuple[bytes, bool]:
    """A damaged file, and whether its checksums still protect what it says."""
    source = random.Random(seed)
    if seed % 2:
        return of_bytes(content, source), name in ("archive", "graph")
    change: Mutate = of_members if name in ("archive", "graph") else of_hdf5_config
    return change(content, source), False
