"""Dense against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn import Dense
from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built, call
from tests.support.geometry import EXACT_ACTIVATIONS, activations, shapes, sizes


@st.composite
def dense(draw):
    options = {"units": draw(sizes(6)), "activation": draw(activations()), "use_bias": draw(st.booleans())}
    return draw(shapes(2, 4)), options


TestDense = layer_tests(
    Entry(
        "Dense",
        dense(),
        example=Case("Dense", (2, 5), {"units": 3, "activation": "relu"}),
        exact=lambda case: case.options["activation"] in EXACT_ACTIVATIONS,
        branches={
            "no bias": (lambda run: not run.case.options["use_bias"], 0.1),
            "rank above 2": (lambda run: len(run.case.shape) > 2, 0.1),
            "one feature": (lambda run: run.case.shape[-1] == 1, 0.01),
        },
        refusals=[
            bad_config("units.*>= 1", ConfigError, units=0),
            bad_config("units.*missing", ConfigError, remove=["units"]),
            bad_config("units", ConfigError, units=2.5),
            bad_config("use_bias.*true or false", ConfigError, use_bias=1),
            bad_config("activation.*relu", UnsupportedError, activation="rele"),
            bad_config("dtype", UnsupportedError, dtype="mixed_float16"),
            bad_config("lora_rank", UnsupportedError, lora_rank=4),
            bad_input("another last axis", r"expected 5.*got shape \(2, 4\)", np.ones((2, 4), np.float32)),
            bad_input("rank 1", "rank 2 or more", np.ones(5, np.float32), InputError),
        ],
    )
)


@given(seed=st.integers(0, 1000), factor=st.sampled_from([2.0, -0.5, 4.0]))
def test_is_linear_without_activation(seed, factor):
    case = Case("Dense", (3, 4), {"units": 2, "use_bias": False}, seed=seed)
    layer = built(case)
    x = case.inputs()
    # A power of two scales every product and sum without rounding.
    np.testing.assert_array_equal(layer.forward(factor * x), factor * call(layer, case))


def test_one_weight_more_by_a_millionth_is_another_layer():
    layer = Dense(3, 2)
    before = layer.forward(np.ones((1, 3)))
    layer.W = layer.W.astype(np.float64)
    layer.W[1, 1] *= 1 + 1e-6
    assert (layer.forward(np.ones((1, 3))) != before).tolist() == [[False, True]]
