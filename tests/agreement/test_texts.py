"""Texts are compared as they are: there is no bound, and every one must be the same."""

import json

import numpy as np
import pytest

from scratchnn.agreement import Agreement, Channel, Verdict, check_call
from scratchnn.layers.string_lookup import StringLookup
from scratchnn.oracle.structures import to_numpy, to_tensor

IDS = np.array([[0, 1], [2, 3]])
RIGHT = np.array([["[UNK]", "a"], ["bé", "nan"]], object)


@pytest.fixture
def layer():
    from scratchnn.layers.index_lookup import Index

    return StringLookup(Index(("a", "bé", "nan")), invert=True, name="words")


@pytest.mark.parametrize("kind", [object, str])
def test_the_same_texts_agree(kind, layer):
    result = check_call(layer, (IDS,), {}, None, RIGHT.astype(kind))
    assert result.verdict is Verdict.AGREE, str(result)
    assert (result.channel, result.size, result.ratio) == (Channel.TEXT, 4, 0)


def test_another_text_counts_against_scratchnn_and_is_shown(layer):
    other = RIGHT.copy()
    other[1, 0] = "b"
    result = check_call(layer, (IDS,), {}, None, other)
    assert (result.verdict, result.channel, result.where) == (Verdict.SCRATCH_OFF, Channel.TEXT, (1, 0))
    assert (result.expected, result.got) == ("b", "bé")
    assert str(result) == (
        "StringLookup 'words': scratch off (text): another text at (1, 0) of output 0: expected 'b', got 'bé'"
    )


def test_every_output_counts(layer):
    result = check_call(layer, (IDS,), {}, None, [RIGHT, RIGHT], candidate=[RIGHT, RIGHT[::-1]])
    assert (result.verdict, result.output, result.where, result.size) == (Verdict.SCRATCH_OFF, 1, (0, 0), 8)


@pytest.mark.parametrize("text", ["nan", "inf", ""])
def test_json_and_back(text, layer):
    other = RIGHT.copy()
    other[1, 1] = text + "x"
    result = check_call(layer, (IDS,), {}, None, other, candidate=np.where(RIGHT == "nan", text, RIGHT))
    again = Agreement.from_dict(json.loads(json.dumps(result.as_dict(), allow_nan=False)))
    assert again == result
    assert again.got == text


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [(RIGHT[0], r"shape (2,), Keras gives (2, 2)"), (IDS, "dtype int64, Keras gives texts")],
)
def test_another_form_counts_against_scratchnn(candidate, reason, layer):
    result = check_call(layer, (IDS,), {}, None, RIGHT, candidate=candidate)
    assert (result.verdict, result.reason) == (Verdict.SCRATCH_OFF, reason)


def test_numbers_where_scratchnn_gives_texts_are_another_form(layer):
    assert check_call(layer, (IDS,), {}, None, IDS).verdict is Verdict.SCRATCH_OFF


def test_what_is_neither_numbers_nor_texts_counts_against_keras(layer):
    result = check_call(layer, (IDS,), {}, None, np.array([[None, 1], [2, 3]], object))
    assert result.verdict is Verdict.KERAS_OFF


@pytest.mark.keras
def test_texts_of_tensorflow_are_texts_again():
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow alone has tensors of texts")
    for given in (RIGHT, RIGHT.astype(str), np.array(["\udcff", "a"], object)):
        again = to_numpy(to_tensor(keras, given))
        assert again.tolist() == given.tolist()
    assert to_numpy([to_tensor(keras, IDS), "a"])[1] == "a"
