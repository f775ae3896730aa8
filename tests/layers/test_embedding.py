"""Embedding against Keras."""

import numpy as np
import pytest
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built, call
from tests.support.geometry import shapes, sizes
from tests.support.oracle import keras_layer, scratch_layer


@st.composite
def embedding(draw):
    ids = draw(sizes(9))
    options = {"input_dim": ids, "output_dim": draw(sizes(5)), "mask_zero": draw(st.booleans())}
    return draw(shapes(1, 3)), options, {"inputs": f"ids:{ids}"}


TestEmbedding = layer_tests(
    Entry(
        "Embedding",
        embedding(),
        example=Case("Embedding", (2, 3), {"input_dim": 7, "output_dim": 4}, call={"inputs": "ids:7"}),
        exact=True,
        branches={
            "zeros masked": (lambda run: run.case.options["mask_zero"] and not run.case.inputs().all(), 0.2),
            "last id": (lambda run: run.case.inputs().max() == run.case.options["input_dim"] - 1, 0.2),
        },
        inert=("input_length",),
        refusals=[
            bad_config("input_dim.*>= 1", ConfigError, input_dim=0),
            bad_config("output_dim.*missing", ConfigError, remove=["output_dim"]),
            bad_config("mask_zero.*true or false", ConfigError, mask_zero="no"),
            bad_config("lora_rank", UnsupportedError, lora_rank=2),
            bad_input("an id too large", r"from 0 to 6, got 7 at \(1, 0\)", np.array([[0, 1], [7, 2]])),
            bad_input("a negative id", r"got -1 at \(0, 1\)", np.array([[0, -1]])),
            bad_input("half an id", r"whole ids.*1\.5", np.array([[1.5]])),
            bad_input("NaN for an id", "whole ids.*nan", np.array([[np.nan]])),
        ],
        any_rank=True,
        cost=0.7,
    )
)


def test_ids_that_come_as_floats_are_the_same_ids():
    case = Case("Embedding", (2, 3), {"input_dim": 7, "output_dim": 4}, call={"inputs": "ids:7"})
    layer = built(case)
    np.testing.assert_array_equal(layer.forward(case.inputs().astype(np.float32)), call(layer, case))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
def test_ids_of_any_integer_type(dtype):
    case = Case("Embedding", (2, 3), {"input_dim": 7, "output_dim": 4}, call={"inputs": "ids:7"})
    layer = built(case)
    np.testing.assert_array_equal(layer.forward(case.inputs().astype(dtype)), call(layer, case))
    with pytest.raises(InputError, match="got 7"):
        layer.forward(np.array([7], dtype))


def test_zero_alone_is_masked():
    case = Case(
        "Embedding", (1, 3), {"input_dim": 7, "output_dim": 4, "mask_zero": True}, call={"inputs": "ids:7"}
    )
    keras, ids = keras_layer(case), np.array([[-1, 0, 3]])
    np.testing.assert_array_equal(scratch_layer(keras, case).compute_mask(ids, None), keras.compute_mask(ids))
    assert scratch_layer(keras, case).compute_mask(ids, None).tolist() == [[True, False, True]]
