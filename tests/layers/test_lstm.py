"""LSTM against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import recurrent_branches
from tests.support.checks import built, call
from tests.support.geometry import EXACT_ACTIVATIONS, recurrent


def example_input(*shape):
    return np.ones(shape, np.float32)


TestLSTM = layer_tests(
    Entry(
        "LSTM",
        recurrent(states=2, gated=True),
        example=Case("LSTM", (2, 3, 4), {"units": 3, "return_sequences": True}),
        exact=lambda case: (
            case.options["activation"] in EXACT_ACTIVATIONS
            and case.options["recurrent_activation"] in EXACT_ACTIVATIONS
            and case.shape[1] < 3  # products of products leave the integers of float32
        ),
        masks=True,
        sequences=True,
        branches=recurrent_branches(),
        inert=("implementation", "unit_forget_bias", "use_cudnn"),
        refusals=[
            bad_config("units.*>= 1", ConfigError, units=0),
            bad_config("stateful.*true or false", ConfigError, stateful="yes"),
            bad_config("recurrent_activation", UnsupportedError, recurrent_activation="sigmoidal"),
            bad_config("return_state.*true or false", ConfigError, return_state="yes"),
            bad_input("another feature size", "expected 4 along the last axis", example_input(2, 3, 5)),
            bad_input("rank 4", "rank 3", example_input(2, 3, 4, 4)),
            bad_input("a mask of another length", r"mask: expected shape \(2, 3\)", None, mask=np.ones((2, 4))),
            bad_input("one state", "initial_state: expected 2 arrays", None, initial_state=[np.ones((2, 3))]),
            bad_input("a state of another size", r"initial_state.*\(2, 3\)", None,
                      initial_state=[np.ones((2, 3)), np.ones((2, 4))]),
        ],
        cost=2,
    )
)  # fmt: skip


def with_gate_biases(layer, **gates):
    """A copy of an LSTM whose gates i, f, o are held open (+1e3) or closed (-1e3)."""
    other, H = layer.astype(layer.dtype), layer.H
    b = other.b.copy()
    for place, gate in enumerate("ifgo"):
        if gate in gates:
            b[place * H : (place + 1) * H] = gates[gate]
    other.set_weights(other.W, other.U, b)
    return other


CASES = st.builds(
    Case,
    layer=st.just("LSTM"),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)),
    options=st.just({"units": 3, "return_sequences": True, "return_state": True}),
    seed=st.integers(0, 1000),
    call=st.just({"states": (2, 3)}),
)


@given(case=CASES)
def test_with_the_input_gate_closed_and_the_forget_gate_open_the_carry_stays(case):
    sequence, _h, c = call(with_gate_biases(built(case), i=-1e3, f=1e3), case)
    np.testing.assert_array_equal(c, case.states()[1])
    assert np.any(sequence)


@given(case=CASES)
def test_with_all_gates_closed_everything_is_zero(case):
    for array in call(with_gate_biases(built(case), i=-1e3, f=-1e3, o=-1e3), case):
        assert not np.any(array)
