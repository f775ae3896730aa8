"""RNN over cells and stacks of cells against Keras."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.layers import build_layer
from scratchnn.spec import LayerSpec
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import some_steps_masked
from tests.support.checks import built
from tests.support.geometry import GATES, activations, sizes

CELLS = {"SimpleRNNCell": 1, "LSTMCell": 2, "GRUCell": 1}


def serialized(class_name, **config):
    return {"class_name": class_name, "module": "keras.layers", "registered_name": None, "config": config}


@st.composite
def a_cell(draw, classes=tuple(CELLS), simple=False):
    name = draw(st.sampled_from(classes))
    options = {"units": draw(sizes(4)), "use_bias": draw(st.booleans())}
    if not simple:
        options["activation"] = draw(st.sampled_from(("tanh", "relu")) | activations())
        if name != "SimpleRNNCell":
            options["recurrent_activation"] = draw(st.just("sigmoid") | st.sampled_from(GATES))
    if name == "GRUCell":
        options["reset_after"] = draw(st.booleans())
    return serialized(name, **options)


@st.composite
def rnn(draw):
    """A cell, or a stack of LSTM cells: Keras's loop cannot take a mask with any other stack."""
    shape = draw(sizes(4)), draw(sizes(5)), draw(sizes(4))
    flags = ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask", "unroll")
    options, call_options = {flag: draw(st.booleans()) for flag in flags}, {}
    if options["unroll"] and draw(st.booleans()):  # the one case in which unroll shows (see Recurrent.unroll)
        options |= dict.fromkeys(("return_sequences", "go_backwards", "zero_output_for_mask"), True)
    if draw(st.booleans()):
        cell = draw(a_cell())
        if draw(st.booleans()):
            call_options = {"states": (CELLS[cell["class_name"]], cell["config"]["units"])}
    else:
        cells = [draw(a_cell(("LSTMCell",), simple=True)) for _ in range(draw(st.integers(2, 3)))]
        cell = serialized("StackedRNNCells", cells=cells)
    return shape, options | {"cell": cell}, call_options


def stacked(run):
    return run.case.options["cell"]["class_name"] == "StackedRNNCells"


TestRNN = layer_tests(
    Entry(
        "RNN",
        rnn(),
        example=Case("RNN", (2, 3, 4), {"cell": serialized("GRUCell", units=3), "return_sequences": True}),
        masks=True,
        sequences=True,
        # Keras nests the shapes of the states of a stack.
        shape_of_keras=lambda case: case.options["cell"]["class_name"] != "StackedRNNCells",
        branches={
            "stacked": (stacked, 0.2),
            "mask": (some_steps_masked, 0.1),
            "mask on a stack": (lambda run: stacked(run) and some_steps_masked(run), 0.03),
            "unrolled": (lambda run: run.case.options["unroll"], 0.2),
            "the mirrored zeros of Keras's unrolled loop": (
                lambda run: some_steps_masked(run) and run.scratch.unroll and run.scratch.go_backwards
                and run.scratch.zero_output_for_mask and run.scratch.return_sequences, 0.02
            ),
        },
        refusals=[
            bad_config("cell.*expected a serialized layer", ConfigError, cell="GRUCell"),
            bad_config("cell.*expected a cell layer", UnsupportedError,
                       cell=serialized("Flatten")),
            bad_config("custom", UnsupportedError, cell={**serialized("GRUCell", units=3), "module": "my"}),
            bad_config("stateful", ConfigError, stateful="yes"),
            bad_config("time_major", UnsupportedError, time_major=True),
            bad_input("another feature size", "expected 4 along the last axis", np.ones((2, 3, 5), np.float32)),
            bad_input("two states", "initial_state: expected 1 arrays", None, initial_state=[np.ones((2, 3))] * 2),
        ],
        cost=3,
    )
)  # fmt: skip


@st.composite
def stack(draw):
    cells = [draw(a_cell(simple=True)) for _ in range(draw(st.integers(1, 3)))]
    states = [cell["config"]["units"] for cell in cells for _ in range(CELLS[cell["class_name"]])]
    return (draw(sizes(3)), draw(sizes(4))), {"cells": cells}, {"cell_states": states}


EXAMPLE = {"cells": [serialized("GRUCell", units=3), serialized("LSTMCell", units=2)]}


@given(geometry=stack(), time=sizes(4), seed=st.integers(0, 1000))
def test_a_stack_is_its_layers_one_after_the_other(geometry, time, seed):
    """What Keras's StackedRNNCells means, also for the stacks that its own loop cannot run."""
    (batch, features), options, _ = geometry
    whole = Case("RNN", (batch, time, features), {"cell": serialized("StackedRNNCells", **options)}, seed=seed)
    layer = built(whole).astype(np.float64)
    layer.return_sequences = True
    x = given = whole.inputs().astype(np.float64)
    for cell in layer.cell.cells:
        one = copy.copy(layer)
        one.cell = cell
        x = one.forward(x)
    np.testing.assert_allclose(layer.forward(given), x, rtol=0, atol=1e-12)  # float64's rounding, of |h| < 1


def test_a_stack_that_does_not_fit_is_refused():
    cells = [built(Case("RNN", (1, 2, n), {"cell": serialized("GRUCell", units=3)})).cell for n in (4, 4)]
    with pytest.raises(ConfigError, match=r"takes 4 features.*has 3 units"):
        type(built(Case("RNN", (1, 2, 4), {"cell": serialized("StackedRNNCells", **EXAMPLE)})).cell)(cells)
    spec = LayerSpec("StackedRNNCells", "stack", {"cells": []})
    with pytest.raises(ConfigError, match="at least one cell"):
        build_layer(spec, (None, 4))


def test_a_stateful_layer_goes_on_from_where_it_was():
    """Each `copy.copy` is a stream of its own."""
    case = Case("RNN", (2, 6, 3), {"cell": serialized("LSTMCell", units=2), "return_sequences": True})
    layer, x = built(case).astype(np.float64), case.inputs().astype(np.float64)
    whole = layer.forward(x)
    layer.stateful = True
    other = copy.copy(layer)
    first = layer.forward(x[:, :2])
    np.testing.assert_array_equal(other.forward(x), whole)
    both = np.concatenate([first, layer.forward(x[:, 2:])], axis=1)
    np.testing.assert_allclose(both, whole, rtol=0, atol=1e-13)  # float64's rounding, of |h| < 1
    with pytest.raises(InputError, match="initial_state: expected 2 arrays"):
        layer.forward(x[:1])
    layer.reset_state()
    np.testing.assert_array_equal(layer.forward(x), whole)


TestStackedRNNCells = layer_tests(
    Entry(
        "StackedRNNCells",
        stack(),
        example=Case("StackedRNNCells", (2, 4), EXAMPLE, call={"cell_states": [3, 2, 2]}),
        branches={"several cells": (lambda run: len(run.scratch.cells) > 1, 0.3)},
        refusals=[
            bad_config("cells.*expected a list", ConfigError, cells={}),
            bad_config("cells.*expected a cell layer", UnsupportedError, cells=[serialized("Flatten")]),
            bad_input("another feature size", "expected 4 along the last axis", np.ones((2, 5), np.float32)),
        ],
        in_file=False,  # a cell is called with states, inside an RNN layer
        shape_of_keras=lambda case: False,  # Keras's cells do not tell
        cost=3,
    )
)
