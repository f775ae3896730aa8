"""StringLookup against Keras."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.layers.index_lookup import Index
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.filling import generator
from tests.support.geometry import sizes
from tests.support.oracle import keras_layer, scratch_layer, to_numpy

TOKENS = ["a", "the", "cat", "Cat", "été", "日本", "x y", "[UNK]", ""]


@st.composite
def string_lookup(draw):
    vocabulary = draw(st.lists(st.sampled_from(TOKENS[:6]), min_size=1, unique=True))
    mode = draw(st.sampled_from(["int", "one_hot", "multi_hot", "count", "tf_idf"]))
    options = {
        "vocabulary": vocabulary,
        "output_mode": mode,
        "mask_token": draw(st.sampled_from([None, "", "x y"])),
    }
    if mode != "int" and draw(st.booleans()):
        options |= {"max_tokens": 20, "pad_to_max_tokens": True}
    if mode == "tf_idf":
        options["idf_weights"] = [draw(st.sampled_from([0.5, 1.0, 0.1])) for _ in vocabulary]
    return (draw(sizes(3)), draw(sizes(3))), options, {"inputs": "texts"}


TestStringLookup = layer_tests(
    Entry(
        "StringLookup",
        string_lookup(),
        example=Case("StringLookup", (2, 3), {"vocabulary": ["cat", "the"]}, call={"inputs": "texts"}),
        regimes=["normal"],
        exact=True,
        branches={"counts": (lambda run: run.case.options["output_mode"] in ("count", "tf_idf"), 0.1)},
        inert=("dtype", "vocabulary_size", "has_input_vocabulary"),
        refusals=[
            bad_config("vocabulary", ConfigError, vocabulary=[4]),
            bad_config("token twice", ConfigError, vocabulary=["a", "a"]),
            bad_config("the mask token among them", ConfigError, vocabulary=["a", "m", "b"], mask_token="m"),
            bad_config("max_tokens.*>= 2", ConfigError, max_tokens=1),
            bad_config("num_oov_indices.*hash", UnsupportedError, num_oov_indices=2),
            bad_config("oov_token", ConfigError, oov_token=1),
            bad_config("encoding", UnsupportedError, encoding="latin-1"),
            bad_config("salt", UnsupportedError, salt=3),
            bad_config("invert", ConfigError, invert=True, output_mode="count"),
            bad_input("numbers", "expected texts", np.ones((2, 1)), InputError),
        ],
    )
)


@given(options=string_lookup().map(lambda drawn: drawn[1]), seed=st.integers(0, 1000), last=st.integers(1, 3))
def test_tokens_are_looked_up_as_keras_does(options, seed, last):
    """Single tokens, known ones among them: the texts of the generic checks are sentences."""
    case = Case("StringLookup", (3, last), options, call={"inputs": "texts"})
    keras = keras_layer(case)
    x = generator(seed, "tokens").choice(TOKENS, case.shape).astype(object)
    np.testing.assert_array_equal(scratch_layer(keras, case).forward(x), to_numpy(keras(x)))


@pytest.mark.parametrize("mask_token", [None, "m"])
def test_inverted_it_gives_the_tokens(mask_token):
    options = {"vocabulary": ["b", "a"], "invert": True, "mask_token": mask_token}
    case = Case("StringLookup", (1, 6), options, call={"inputs": "texts"})
    keras, x = keras_layer(case), np.array([[0, 1, 2, 3, 4, -1]])
    theirs = [token.decode() for token in to_numpy(keras(x)).ravel()]
    assert scratch_layer(keras, case).forward(x).ravel().tolist() == theirs


@given(options=string_lookup().map(lambda drawn: drawn[1]))
def test_the_vocabulary_is_that_of_keras(options):
    case = Case("StringLookup", (1, 2), options, call={"inputs": "texts"})
    keras = keras_layer(case)
    assert scratch_layer(keras, case).get_vocabulary() == keras.get_vocabulary()


@pytest.mark.parametrize("mode", ["count", "multi_hot"])
def test_samples_of_samples_are_refused(mode):
    case = Case("StringLookup", (2, 3), {"vocabulary": ["a"], "output_mode": mode}, call={"inputs": "texts"})
    layer = scratch_layer(keras_layer(case), case)
    assert layer.forward([["a", "b"], ["a", "a"]]).shape == (2, 2)
    assert layer.forward(["a", "b"]).shape == (2,)
    with pytest.raises(InputError, match=r"expected shape \(batch, tokens\) or \(tokens,\), got \(1, 1, 1\)"):
        layer.forward([[["a"]]])


def test_bytes_are_texts_too():
    case = Case("StringLookup", (1, 2), {"vocabulary": ["été"]}, call={"inputs": "texts"})
    assert scratch_layer(keras_layer(case), case).forward(np.array([["été".encode(), b"e"]])).tolist() == [[1, 0]]


@pytest.mark.parametrize("mode", ["int", "one_hot", "count", "multi_hot"])
def test_a_text_alone(mode):
    case = Case("StringLookup", (1,), {"vocabulary": ["a"], "output_mode": mode}, call={"inputs": "texts"})
    keras, x = keras_layer(case), np.array("a", object)
    np.testing.assert_array_equal(scratch_layer(keras, case).forward(x), to_numpy(keras(x)))


def test_an_index_is_not_changed_behind_its_ids():
    index = Index(("a", "b"))
    assert [index.id(token) for token in ("a", "b", "c")] == [1, 2, 0]
    with pytest.raises(FrozenInstanceError):
        index.tokens = ("b", "a")
