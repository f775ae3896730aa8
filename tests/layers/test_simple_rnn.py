"""SimpleRNN against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import recurrent_branches
from tests.support.checks import built, call
from tests.support.geometry import EXACT_ACTIVATIONS, recurrent

TestSimpleRNN = layer_tests(
    Entry(
        "SimpleRNN",
        recurrent(states=1),
        example=Case("SimpleRNN", (2, 3, 4), {"units": 3, "return_sequences": True}),
        exact=lambda case: case.options["activation"] in EXACT_ACTIVATIONS and case.shape[1] < 4,
        masks=True,
        sequences=True,
        branches=recurrent_branches(),
        inert=("implementation", "use_cudnn"),
        refusals=[
            bad_config("units.*>= 1", ConfigError, units=-1),
            bad_config("stateful.*true or false", ConfigError, stateful="yes"),
            bad_config("go_backwards.*true or false", ConfigError, go_backwards=None),
            bad_config("dropout", ConfigError, dropout=-0.5),
            bad_input("another feature size", "expected 4 along the last axis", np.ones((2, 3, 5), np.float32)),
            bad_input("rank 2", "rank 3", np.ones((2, 4), np.float32)),
            bad_input("a mask of another length", r"mask: expected shape \(2, 3\)", None, mask=np.ones((2, 4))),
        ],
        cost=1.5,
    )
)

# Small integers and relu: everything is exact, so that results can be compared to the last bit.
CASES = st.builds(
    Case,
    layer=st.just("SimpleRNN"),
    shape=st.tuples(st.integers(1, 3), st.integers(2, 4), st.integers(1, 3)),
    options=st.just({"units": 3, "activation": "relu", "return_sequences": True, "return_state": True}),
    regime=st.just("integer"),
    seed=st.integers(0, 1000),
    call=st.just({"states": (1, 3)}),
)


@given(case=CASES)
def test_one_run_is_the_same_as_two_that_hand_over_the_state(case):
    layer, x, (state,) = built(case), case.inputs(), case.states()
    whole, last = layer.forward(x, initial_state=[state])
    first, handed = layer.forward(x[:, :1], initial_state=[state])
    second, end = layer.forward(x[:, 1:], initial_state=[handed])
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)
    np.testing.assert_array_equal(end, last)


@given(case=CASES, more=st.integers(1, 3))
def test_masked_padding_at_the_end_changes_nothing(case, more):
    layer, x = built(case), case.inputs()
    padded = np.concatenate([x, np.full((len(x), more, x.shape[2]), 7, x.dtype)], axis=1)
    mask = np.arange(padded.shape[1])[None] < np.full((len(x), 1), x.shape[1])
    _, state = call(layer, case)
    _, after = layer.forward(padded, initial_state=case.states(), mask=mask)
    np.testing.assert_array_equal(after, state)


def test_input_projection_and_state_take_part():
    layer = built(
        Case("SimpleRNN", (1, 2, 1), {"units": 1, "activation": "linear", "use_bias": False}, "integer", 5)
    )
    (w,), (u,) = layer.cell.Wx[0], layer.cell.Wh[0]
    out = layer.forward(np.array([[[2.0], [3.0]]], np.float32))
    assert out.item() == 2 * w * u + 3 * w
