"""Attention against Keras."""

import numpy as np
import pytest
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.layers.attention import Attention
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.attention import branches, inputs, refused_inputs


@st.composite
def attention(draw):
    shapes, call = draw(inputs())
    options = {"score_mode": draw(st.sampled_from(["dot", "concat"])), "use_scale": draw(st.booleans())}
    return shapes, options | ({"dropout": 0.5} if draw(st.integers(0, 4)) == 0 else {}), call


TestAttention = layer_tests(
    Entry(
        "Attention",
        attention(),
        example=Case("Attention", [(2, 3, 4), (2, 5, 4)], {"use_scale": True, "score_mode": "concat"}),
        branches={
            **branches(),
            "dot": (lambda run: run.case.options["score_mode"] == "dot", 0.2),
            "scaled": (lambda run: run.case.options["use_scale"], 0.2),
        },
        refusals=[
            bad_config("score_mode", UnsupportedError, score_mode="general"),
            bad_config("use_scale.*true or false", ConfigError, use_scale=1),
            bad_config("dropout.*number", ConfigError, dropout=-1),
            *refused_inputs(InputError),
        ],
    )
)


@pytest.mark.parametrize(("value", "key"), [((None, None, 3), (None, 5, 3)), ((None, 5, 3), (None, None, 3))])
def test_the_number_of_keys_may_come_of_the_values_or_the_keys(value, key):
    shapes = [(None, 2, 3), value, key]
    assert Attention().output_shape(shapes, True) == [(None, 2, 3), (None, 2, 5)]


def test_scores_that_are_all_masked_are_even_in_half_precision():
    x = [np.zeros((1, 1, 2), np.float16), np.array([[[1, 2], [3, 6]]], np.float16)]
    output = Attention(dtype=np.float16).forward(x, mask=[None, np.zeros((1, 2), bool)])
    assert (output.dtype, output.tolist()) == (np.dtype(np.float16), [[[2, 4]]])
