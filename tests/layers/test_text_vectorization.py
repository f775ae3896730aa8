"""TextVectorization against Keras."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnn import load_model
from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.layers.text_vectorization import TextVectorization
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built
from tests.support.filling import WORDS
from tests.support.geometry import sizes
from tests.support.oracle import keras_layer, to_numpy

VOCABULARY = [
    "a",
    "the",
    "cat",
    "cat!",
    "Cat!",
    "naïve",
    "été",
    "ÉTÉ",
    "ÉtÉ",
    "É",
    "é",
    "dont",
    "don't",
    "xy",
    "日本",
    "日",
    "95",
    "n",
    "x y",
]


# What TensorFlow makes of "ÉTÉ" and "É" when it lowers, and what Unicode would: one of them is always known.
LOWERED = ["ÉtÉ", "É", "été", "é"]


@st.composite
def text_vectorization(draw):
    fewest = draw(st.sampled_from([1, 8]))  # in a small vocabulary hardly a word of a text is known
    drawn = draw(st.lists(st.sampled_from(VOCABULARY), min_size=fewest, unique=True))
    lowered = draw(st.lists(st.sampled_from(LOWERED), min_size=1, unique=True))
    options = {
        "vocabulary": list(dict.fromkeys(drawn + lowered)),
        "standardize": draw(st.sampled_from(["lower_and_strip_punctuation", "lower", "strip_punctuation", None])),
        "split": draw(st.sampled_from(["whitespace", "character", None])),
    }
    mode = draw(st.sampled_from(["int", "int", "multi_hot", "count", "tf_idf"]))
    if mode == "int":
        options["output_sequence_length"] = draw(st.none() | sizes(8))
    else:
        options |= {"output_mode": mode, "pad_to_max_tokens": draw(st.booleans()), "max_tokens": 25}
    if mode == "tf_idf":
        options["idf_weights"] = [draw(st.sampled_from([0.5, 1.0, 0.1])) for _ in options["vocabulary"]]
    if options["split"] is not None:
        options["ngrams"] = draw(st.none() | sizes(3) | st.sampled_from([(2,), (2, 1), (1, 3)]))
        if options["ngrams"] == (2,) and mode == "int":  # texts of one word have no pairs: nothing to compare
            options["output_sequence_length"] = draw(sizes(8))
    batch = draw(sizes(4))
    refused = options["split"] is None and (mode != "int" or options["output_sequence_length"] is not None)
    shape = (batch, 1) if refused else draw(st.sampled_from([(batch,), (batch, 1)]))
    return shape, options, {"inputs": "texts"}


def ids(run):
    """Whether the output is made of ids."""
    return run.case.options.get("output_mode", "int") == "int"


TestTextVectorization = layer_tests(
    Entry(
        "TextVectorization",
        text_vectorization(),
        example=Case("TextVectorization", (3, 1), {"vocabulary": ["cat", "the"]}, call={"inputs": "texts"}),
        regimes=["normal"],
        exact=True,
        branches={
            "unknown token": (lambda run: ids(run) and (run.output == 1).any(), 0.1),
            "known token": (lambda run: ids(run) and (run.output > 1).any(), 0.1),
            "padding": (lambda run: ids(run) and (run.output == 0).any(), 0.1),
            "cut": (lambda run: run.case.options.get("output_sequence_length") == 1, 0.01),
            "counted": (lambda run: not ids(run) and run.output[..., 1:].any(), 0.1),
            "n-grams": (lambda run: run.case.options.get("ngrams") is not None, 0.1),
        },
        # For whole texts it says (batch, length), and gives the shape of the texts; for counts it adds axes.
        shape_of_keras=lambda case: case.options["split"] is not None and "output_mode" not in case.options,
        inert=("dtype", "vocabulary_size", "has_input_vocabulary"),
        refusals=[
            bad_config("output_mode", UnsupportedError, output_mode="frequency"),
            bad_config("output_mode.*one_hot", UnsupportedError, output_mode="one_hot"),
            bad_config("idf_weights.*expected 2 numbers", ConfigError, output_mode="tf_idf"),
            bad_config("ngrams", ConfigError, ngrams=0),
            bad_config("ngrams", ConfigError, ngrams=[2, "3"]),
            bad_config("ngrams", UnsupportedError, ngrams=2, split=None),
            bad_config(
                "max_tokens.*expected 4 or more",
                ConfigError,
                output_mode="count",
                pad_to_max_tokens=True,
                max_tokens=3,
                vocabulary=["a", "b", "c"],
            ),
            bad_config("token twice", ConfigError, vocabulary=["a", "a"]),
            bad_config("standardize", UnsupportedError, standardize="upper"),
            bad_config("split", UnsupportedError, split="lines"),
            bad_config("output_sequence_length", ConfigError, output_sequence_length=0),
            bad_input("numbers", "expected texts", np.ones((2, 1))),
            bad_input("rank 3", "shape", np.array([[["a"]]]), InputError),
            bad_input("a text alone", "shape", np.array("a"), InputError),
        ],
    )
)


@given(
    text=st.text(max_size=12),
    standardize=st.sampled_from(["lower_and_strip_punctuation", "lower", None]),
    split=st.sampled_from(["whitespace", "character", None]),
)
def test_any_text_is_split_as_keras_does(text, standardize, split):
    options = {"vocabulary": list(VOCABULARY), "standardize": standardize, "split": split}
    case = Case("TextVectorization", (1, 1), options, call={"inputs": "texts"})
    x = np.array([[text]], object)
    np.testing.assert_array_equal(built(case).forward(x), to_numpy(keras_layer(case)(x)))


def test_the_words_of_the_suite_reach_beyond_ascii():
    assert any(not word.isascii() for word in WORDS)


@pytest.mark.parametrize("dtype", [object, str])
def test_texts_of_either_dtype(dtype):
    case = Case("TextVectorization", (1, 1), {"vocabulary": ["cat"]}, call={"inputs": "texts"})
    assert built(case).forward(np.array(["cat dog"], dtype)).tolist() == [[2, 1]]


def test_a_batch_that_keras_would_cut_to_the_length_of_a_row_is_refused():
    options = {"vocabulary": ["cat"], "split": None, "output_sequence_length": 1}
    with pytest.raises(InputError, match=r"\(batch, 1\)"):
        built(Case("TextVectorization", (2,), options, call={"inputs": "texts"})).forward(["a", "b"])


@pytest.mark.parametrize("split", ["whitespace", "character", None])
def test_an_empty_text_is_padding(split):
    options = {"vocabulary": ["cat"], "split": split}
    case = Case("TextVectorization", (3, 1), options, call={"inputs": "texts"})
    x = np.array([["."], ["cat"], [""]], object)
    np.testing.assert_array_equal(built(case).forward(x), to_numpy(keras_layer(case)(x)))


def test_empty_texts_alone_give_no_columns():
    case = Case("TextVectorization", (2, 1), {"vocabulary": ["cat"]}, call={"inputs": "texts"})
    x = np.array([[""], [" ."]], object)
    assert built(case).forward(x).shape == to_numpy(keras_layer(case)(x)).shape == (2, 0)


def test_a_layer_of_a_vocabulary():
    layer = TextVectorization(["", "[UNK]", "cat", "the"])
    assert layer.forward(["the dog", "cat"]).tolist() == [[3, 1], [2, 0]]
    assert layer.vocabulary == ["", "[UNK]", "cat", "the"]
    assert TextVectorization().forward(["cat"]).tolist() == [[1]]
    with pytest.raises(ConfigError, match="expected '' for padding first"):
        TextVectorization(["cat"])


def test_a_model_pads_to_the_longest_text_of_all_samples(tmp_path):
    import keras

    x = keras.Input((1,), dtype="string")
    keras.Model(x, keras.layers.TextVectorization(vocabulary=["foo"])(x)).save(tmp_path / "m.keras")
    model, texts = load_model(tmp_path / "m.keras"), np.array([["foo " * (n // 40 + 1)] for n in range(200)])
    assert model.predict(texts).shape == (200, 5)
    assert np.array_equal(model.predict(texts), model.forward(texts))
