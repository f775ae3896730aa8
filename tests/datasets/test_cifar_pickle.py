"""The unpickler of CIFAR-10 gives the arrays and refuses everything else."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from scratchnn.datasets.cifar_pickle import load_cifar_pickle
from scratchnn.errors import DataError


def python2_array(array: np.ndarray, dtype: bytes = b"u1", module: bytes = b"numpy.core.multiarray") -> bytes:
    """Return the opcodes with which Python 2's NumPy wrote an array."""

    def string(raw: bytes) -> bytes:
        return b"T" + len(raw).to_bytes(4, "little") + raw

    shape = b"".join(b"J" + size.to_bytes(4, "little") for size in array.shape)
    rebuilt = b"c" + module + b"\n_reconstruct\n" + b"(cnumpy\nndarray\n" + b"(K\x00t" + string(b"b") + b"tR"
    described = b"cnumpy\ndtype\n(" + string(dtype) + b"K\x00K\x01tR" + b"(K\x03" + string(b"|") + b"NNNtb"
    return rebuilt + b"(K\x01(" + shape + b"t" + described + b"\x89" + string(array.tobytes()) + b"tb"


def dictionary(value: bytes) -> bytes:
    return b"\x80\x02}U\x04data" + value + b"s."


@pytest.fixture
def pickled(tmp_path: Path):
    def write(raw: bytes) -> Path:
        path = tmp_path / "data_batch_1"
        path.write_bytes(raw)
        return path

    return write


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_gives_the_array_of_python_2(pickled, module):
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)

    loaded = load_cifar_pickle(pickled(dictionary(python2_array(pixels, module=module))))

    assert list(loaded) == [b"data"]
    assert loaded[b"data"].dtype == np.uint8
    np.testing.assert_array_equal(loaded[b"data"], pixels)


def test_gives_containers_and_plain_values(pickled):
    batch = {b"labels": [6, 9], b"batch_label": b"training batch 1 of 5", b"filenames": [b"a.png"]}
    assert load_cifar_pickle(pickled(pickle.dumps(batch, protocol=3))) == batch


def test_an_array_pickled_by_this_python_is_read_too(pickled):
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    loaded = load_cifar_pickle(pickled(pickle.dumps({"data": pixels}, protocol=3)))
    np.testing.assert_array_equal(loaded["data"], pixels)


class _Command:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("function", [os.system, eval, print, np.fromfile, np.array, np.zeros])
def test_no_function_is_called(pickled, capfd, function, protocol):
    path = pickled(pickle.dumps({"data": _Command(function, "echo called")}, protocol=protocol))

    with pytest.raises(DataError, match="is refused; only uint8 arrays") as raised:
        load_cifar_pickle(path)

    assert str(path) in str(raised.value)
    assert "called" not in capfd.readouterr().out


def test_arrays_of_objects_are_refused(pickled):
    path = pickled(pickle.dumps({"data": np.array([object], dtype=object)}, protocol=3))
    with pytest.raises(DataError):
        load_cifar_pickle(path)


@pytest.mark.parametrize("array", [np.zeros(3, np.float32), np.zeros(3, "U4"), np.zeros(3, "i1,i1")])
def test_other_dtypes_are_refused(pickled, array):
    with pytest.raises(DataError, match="'u1' are expected"):
        load_cifar_pickle(pickled(pickle.dumps({"data": array}, protocol=3)))


def test_fortran_order_is_refused_rather_than_read_transposed(pickled):
    array = np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    with pytest.raises(DataError, match="C-ordered"):
        load_cifar_pickle(pickled(pickle.dumps({"data": array}, protocol=3)))


def test_a_shape_that_is_not_that_of_the_bytes_is_refused(pickled):
    raw = dictionary(python2_array(np.zeros((2, 3), np.uint8)))
    longer = raw.replace(b"J\x02\x00\x00\x00J\x03", b"J\x02\x00\x00\x00J\x04")
    assert longer != raw
    with pytest.raises(DataError, match=r"shape \(2, 4\) cannot have 6 bytes"):
        load_cifar_pickle(pickled(longer))


@pytest.mark.parametrize("raw", [b"", b"\x80", b"no pickle", b"\x80\x02]q\x00.", b"\x80\x02U\x01xQ."])
def test_damaged_files_give_a_typed_error(pickled, raw):
    path = pickled(raw)
    with pytest.raises(DataError) as raised:
        load_cifar_pickle(path)
    assert str(path) in str(raised.value)


def test_a_truncated_batch_gives_a_typed_error(pickled):
    whole = dictionary(python2_array(np.zeros((4, 5), np.uint8)))
    for length in range(len(whole)):
        with pytest.raises(DataError):
            load_cifar_pickle(pickled(whole[:length]))


def test_a_missing_file_gives_a_typed_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load_cifar_pickle(tmp_path / "data_batch_1")
