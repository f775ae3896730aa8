"""GRU against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import option, recurrent_branches
from tests.support.checks import built, call
from tests.support.geometry import EXACT_ACTIVATIONS, recurrent

EXAMPLE = Case("GRU", (2, 3, 4), {"units": 3, "return_sequences": True})

TestGRU = layer_tests(
    Entry(
        "GRU",
        recurrent(states=1, gated=True, reset_after=st.booleans()),
        example=EXAMPLE,
        exact=lambda case: (
            case.options["activation"] in EXACT_ACTIVATIONS
            and case.options["recurrent_activation"] in EXACT_ACTIVATIONS
            and case.shape[1] < 2  # products of products leave the integers of float32
        ),
        masks=True,
        sequences=True,
        branches=recurrent_branches()
        | {
            "reset before": (lambda run: not option(run, "reset_after", True), 0.2),
            "reset after": (lambda run: option(run, "reset_after", True), 0.2),
        },
        inert=("implementation", "use_cudnn"),
        refusals=[
            bad_config("units.*>= 1", ConfigError, units=0),
            bad_config("stateful.*true or false", ConfigError, stateful="yes"),
            bad_config("reset_after.*true or false", ConfigError, reset_after=0),
            bad_config("recurrent_activation", UnsupportedError, recurrent_activation="sigmoidal"),
            bad_input("another feature size", "expected 4 along the last axis", np.ones((2, 3, 5), np.float32)),
            bad_input("rank 2", "rank 3", np.ones((2, 4), np.float32)),
            bad_input("a mask of another length", r"mask: expected shape \(2, 3\)", None, mask=np.ones((2, 4))),
            bad_input("two states", "initial_state: expected 1 arrays", None, initial_state=[np.ones((2, 3))] * 2),
        ],
        cost=2,
    )
)  # fmt: skip


def with_update_gate(layer, bias):
    """A copy whose update gate is held open (+1e3) or closed (-1e3)."""
    other = layer.astype(layer.dtype)
    b = other.cell.b.copy()
    b[..., : layer.cell.units] = bias
    other.set_weights(other.cell.W, other.cell.U, b)
    return other


CASES = st.builds(
    Case,
    layer=st.just("GRU"),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)),
    options=st.fixed_dictionaries(
        {"units": st.just(3), "return_sequences": st.just(True), "reset_after": st.booleans()}
    ),
    seed=st.integers(0, 1000),
    call=st.just({"states": (1, 3)}),
)


@given(case=CASES)
def test_with_the_update_gate_open_the_state_stays(case):
    layer = with_update_gate(built(case), 1e3)
    np.testing.assert_array_equal(call(layer, case), np.repeat(case.states()[0][:, None], case.shape[1], axis=1))


@given(case=CASES)
def test_with_the_update_gate_closed_only_the_reset_gate_lets_the_past_in(case):
    """A reset gate that is closed too leaves the candidate of the input alone: each step is on its own."""
    layer = with_update_gate(built(case), -1e3)
    b = layer.cell.b.copy()
    b[..., 3:6] = -1e3
    layer.set_weights(layer.cell.W, layer.cell.U, b)
    x, states = case.inputs().astype(np.float64), case.states()
    whole = layer.forward(x, initial_state=states)
    for t in range(case.shape[1]):
        np.testing.assert_allclose(
            layer.forward(x[:, t : t + 1])[:, 0], whole[:, t], rtol=0, atol=1e-13
        )  # float64's rounding


def test_a_stateful_layer_goes_on_from_where_it_was():
    case = Case("GRU", (2, 6, 3), {"units": 2, "return_sequences": True})
    layer, x = built(case).astype(np.float64), case.inputs().astype(np.float64)
    whole = layer.forward(x)
    layer.stateful = True
    both = np.concatenate([layer.forward(x[:, :2]), layer.forward(x[:, 2:])], axis=1)
    np.testing.assert_allclose(both, whole, rtol=0, atol=1e-13)  # float64's rounding, of |h| < 1
    layer.reset_state()
    np.testing.assert_array_equal(layer.forward(x), whole)
