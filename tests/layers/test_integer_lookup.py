"""IntegerLookup against Keras."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.layers import build_layer
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built
from tests.support.geometry import sizes
from tests.support.oracle import keras_layer, layer_spec, scratch_layer, to_numpy


@st.composite
def integer_lookup(draw):
    vocabulary = draw(st.lists(st.integers(1, 9), min_size=1, max_size=6, unique=True))
    mode = draw(st.sampled_from(["int", "count", "one_hot", "tf_idf", "multi_hot", "int"]))
    options = {"vocabulary": vocabulary, "output_mode": mode, "mask_token": draw(st.sampled_from([None, 0]))}
    options["num_oov_indices"] = draw(sizes(3))
    if mode != "int" and draw(st.booleans()):
        options |= {"max_tokens": 20, "pad_to_max_tokens": True}
    if mode == "tf_idf":
        options["idf_weights"] = [draw(st.sampled_from([0.5, 1.0, 0.1])) for _ in vocabulary]
    shape = (draw(sizes(3)), draw(sizes(4)))
    return shape, options, {"inputs": "ids:12"}


TestIntegerLookup = layer_tests(
    Entry(
        "IntegerLookup",
        integer_lookup(),
        example=Case("IntegerLookup", (2, 3), {"vocabulary": [4, 7, 9]}, call={"inputs": "ids:12"}),
        regimes=["normal"],
        exact=True,
        branches={
            "a mask": (lambda run: run.case.options["mask_token"] is not None and 0 in run.case.inputs(), 0.1),
            "several unknown ids": (lambda run: run.case.options["num_oov_indices"] > 1, 0.3),
            "counts": (lambda run: run.case.options["output_mode"] in ("count", "tf_idf"), 0.1),
            "padded": (lambda run: "max_tokens" in run.case.options, 0.1),
        },
        inert=("dtype", "vocabulary_size", "has_input_vocabulary"),
        refusals=[
            bad_config("vocabulary", ConfigError, vocabulary=["four"]),
            bad_config("token twice", ConfigError, vocabulary=[4, 4]),
            bad_config("output_mode", UnsupportedError, output_mode="sum"),
            bad_config("sparse", UnsupportedError, sparse=True, output_mode="count"),
            bad_config("mask_token", ConfigError, mask_token="none"),
            bad_config("num_oov_indices", ConfigError, num_oov_indices=-1),
            bad_config("invert", ConfigError, invert=True, output_mode="count"),
            bad_config("oov_method", UnsupportedError, oov_method="farmhash"),
            *(bad_config("idf_weights.*expected 3 numbers", ConfigError, output_mode="tf_idf", idf_weights=numbers)
              for numbers in ([1.0], [1.0] * 4, ["1"] * 3)),
            bad_config("max_tokens.*expected 4 or more", ConfigError, output_mode="count", pad_to_max_tokens=True,
                       max_tokens=3),
            bad_input("fractions", "whole numbers", np.array([[1.5]]), InputError),
        ],
    )
)  # fmt: skip


@given(mask_token=st.sampled_from([None, 0]), seed=st.integers(0, 1000))
def test_inverted_it_gives_the_tokens(mask_token, seed):
    options = {"vocabulary": [3, 9, 4], "invert": True, "mask_token": mask_token}
    keras = keras_layer(Case("IntegerLookup", (2, 3), options, call={"inputs": "ids:6"}))
    case = Case("IntegerLookup", (2, 3), options, seed=seed, call={"inputs": "ids:6"})
    np.testing.assert_array_equal(
        scratch_layer(keras, case).forward(case.inputs()), to_numpy(keras(case.inputs()))
    )


def test_without_an_id_for_unknown_ones_they_are_refused():
    options = {"vocabulary": [3, 9], "num_oov_indices": 0}
    layer = built(Case("IntegerLookup", (1, 2), options, call={"inputs": "ids:2"}))
    assert layer.forward([[9, 3]]).tolist() == [[1, 0]]
    with pytest.raises(InputError, match="got 5"):
        layer.forward([[9, 5]])


def test_unknown_numbers_below_zero_are_spread_as_keras_spreads_them():
    options = {"vocabulary": [3, 9, 4], "num_oov_indices": 3}
    case = Case("IntegerLookup", (2, 3), options, call={"inputs": "ids:6"})
    keras, x = keras_layer(case), np.array([[-1, -2, -3], [-4, 5, 6]])
    np.testing.assert_array_equal(scratch_layer(keras, case).forward(x), to_numpy(keras(x)))


@given(options=integer_lookup().map(lambda drawn: drawn[1]))
def test_the_vocabulary_is_that_of_keras(options):
    case = Case("IntegerLookup", (1, 2), options, call={"inputs": "ids:2"})
    keras = keras_layer(case)
    assert scratch_layer(keras, case).get_vocabulary() == keras.get_vocabulary()


@given(drawn=integer_lookup())
def test_a_config_alone_tells_as_much_as_the_file_beside_it(drawn):
    """The vocabulary and its weights stand in the config of a layer that was made with them."""
    case = Case("IntegerLookup", *drawn[:2], call=drawn[2])
    spec = layer_spec(case)
    layer, alone = (build_layer(replace(spec, assets=assets), case.input_shape) for assets in (spec.assets, {}))
    np.testing.assert_array_equal(alone.forward(case.inputs()), layer.forward(case.inputs()))


@pytest.mark.parametrize("more", [{}, {"max_tokens": 20, "pad_to_max_tokens": True}])
@pytest.mark.parametrize("unknown", [1, 3])
def test_unknown_tokens_weigh_the_average(more, unknown):
    options = {"vocabulary": [3, 9], "output_mode": "tf_idf", "idf_weights": [0.5, 2.0], **more}
    case = Case("IntegerLookup", (2, 3), options | {"num_oov_indices": unknown}, call={"inputs": "ids:12"})
    layer = build_layer(replace(layer_spec(case), assets={}), case.input_shape)
    x = np.array([[3, 9, 9], [1, 1, 5]])
    np.testing.assert_array_equal(layer.forward(x), to_numpy(keras_layer(case)(x)))
