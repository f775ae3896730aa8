"""Activation against Keras: every activation function by name."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scratchnn import activations
from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import ENTRIES, Case, Entry, bad_config, layer_tests, oracle
from tests.support.checks import agree, check_agrees
from tests.support.geometry import ACTIVATIONS, shapes

# No name of Keras 3:
NAMES = sorted({*ACTIVATIONS, "glu", "swish", "hard_swish"})
ELSEWHERE = {"legacy_hard_sigmoid"}


@st.composite
def activation(draw):
    name, shape = draw(st.sampled_from(NAMES).filter(oracle.knows_activation)), draw(shapes(2, 4))
    return (*shape[:-1], 2 * shape[-1]) if name == "glu" else shape, {"activation": name}


TestActivation = layer_tests(
    Entry(
        "Activation",
        activation(),
        example=Case("Activation", (2, 3, 4), {"activation": "tanh"}),
        exact=lambda case: case.options["activation"] in ("linear", "relu", "relu6", "hard_tanh", "hard_shrink"),
        branches={
            "both signs": (lambda run: np.ptp(np.sign(run.case.inputs())), 0.3),
            "ten names": (lambda run: run.case.options["activation"] in NAMES[:10], 0.1),
        },
        refusals=[
            bad_config("activation.*gelu", UnsupportedError, activation="no_such_function"),
            bad_config("activation.*missing", ConfigError, remove=["activation"]),
            bad_config("activation", UnsupportedError, activation={"class_name": "function", "config": "mine"}),
        ],
        any_rank=True,
        shape_of_keras=lambda case: case.options["activation"] != "glu",  # it says the whole axis, and gives half
        cost=0.4,  # thirty functions
    )
)


def test_every_function_of_the_project_is_drawn():
    assert {*NAMES, *ELSEWHERE} == {*activations.ACTIVATIONS}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("regime", ["normal", "saturated", "wide", "denormal"])
def test_each_function_in_each_regime(name, regime):
    case = Case("Activation", (3, 4, 20), {"activation": name}, regime, 11)
    keras = oracle.keras_layer(case)
    agree(case, ENTRIES["Activation"], keras, oracle.scratch_layer(keras, case))


@given(x=st.lists(st.integers(-40, 40), min_size=2, max_size=7, unique=True))
def test_sparsemax_where_one_element_survives_is_the_projection_onto_the_simplex(x):
    """Where several do, Keras's is not the projection (its issue 23425), and ours is Keras's."""
    ordered = sorted(x)
    assume(ordered[-1] - ordered[-2] >= 1)
    expected = (np.array(x) == ordered[-1]).astype(np.float64)
    np.testing.assert_array_equal(activations.sparsemax(np.array([x], np.float64))[0], expected)


@pytest.mark.parametrize("name", ["relu", "relu6"])
def test_a_negative_denormal_that_tensorflow_lets_through_is_within_the_bound(name):
    """Found by a nightly run: TensorFlow's relu(-1.1e-43) is -1.1e-43 (docs/findings.md), ours is 0."""
    case = Case("Activation", (1, 3), {"activation": name}, "denormal", 1)
    assert case.inputs()[0, 0] < 0
    check_agrees(ENTRIES["Activation"], case)


def test_keras_2s_hard_sigmoid():
    x = np.array([-3.0, -2.5, -1, 0, 1, 2.5, 3])
    np.testing.assert_allclose(activations.legacy_hard_sigmoid(x), [0, 0, 0.3, 0.5, 0.7, 1, 1], rtol=2**-50)
