"""Text becomes ids as Keras's TextVectorization does it."""

import os

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scratchnn.datasets.text import build_vocabulary, read_vocabulary, tokenize, vectorize, write_vocabulary
from scratchnn.errors import DataError

# Rich in what the rules are about: case, punctuation, every kind of space, letters beyond ASCII.
TEXTS = st.text(st.sampled_from("aAbB zZ.,-!'_\t\n\x0b\x0c\r\x1c\x85\xa0\u2028éÉİıẞ😀0"), max_size=30)


def test_tokens_are_lower_case_without_punctuation():
    assert tokenize("Kue-kue yang ENAK, murah!\n(0%)") == ["kuekue", "yang", "enak", "murah", "0"]


def test_only_ascii_is_changed():
    assert tokenize("É À¿ x\u2028y") == ["É", "À¿", "x\u2028y"]


def test_vocabulary_is_by_frequency_then_descending_token():
    assert build_vocabulary(["b a", "c b", "d"]) == ("b", "d", "c", "a")


def test_vocabulary_counts_padding_and_unknown_in_its_limit():
    assert build_vocabulary(["a a a b b c"], max_tokens=4) == ("a", "b")


def test_ids_start_at_two_and_are_padded_at_the_end():
    ids = vectorize(["b x a", "", "a a a a a"], ("a", "b"), 4)
    assert ids.dtype == np.int32
    np.testing.assert_array_equal(ids, [[3, 1, 2, 0], [0, 0, 0, 0], [2, 2, 2, 2]])


@given(st.lists(TEXTS, max_size=5))
@example(["x\u2028y\x85z \x1c"])
def test_a_vocabulary_is_read_back_as_written(tmp_path_factory, texts):
    vocabulary = build_vocabulary([*texts, "token"])
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.txt"
    write_vocabulary(path, vocabulary)
    assert read_vocabulary(path) == vocabulary


@pytest.mark.parametrize("raw", [b"", b"a\n\nb\n", b"a\na\n", b"\xff\n"])
def test_a_damaged_vocabulary_gives_a_typed_error(tmp_path, raw):
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"vocabulary\.txt"):
        read_vocabulary(path)


@pytest.mark.keras
@settings(max_examples=25, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(3, 12), st.integers(1, 8))
def test_equals_keras(texts, max_tokens, sequence_length):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import keras

    texts = [*texts, "at least one token"]
    layer = keras.layers.TextVectorization(max_tokens=max_tokens, output_sequence_length=sequence_length)
    layer.adapt(texts)

    vocabulary = build_vocabulary(texts, max_tokens)

    assert ["", "[UNK]", *vocabulary] == layer.get_vocabulary()
    others = [*texts, "tokens never seen", ""]
    np.testing.assert_array_equal(vectorize(others, vocabulary, sequence_length), np.asarray(layer(others)))
