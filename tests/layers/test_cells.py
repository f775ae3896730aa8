"""SimpleRNNCell, LSTMCell, GRUCell and StackedRNNCells against Keras, one step at a time."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import GATES, activations, sizes


@st.composite
def cell(draw, states, gated=False, **more):
    """Shape (batch, features), options, and the sizes of the states."""
    units = draw(sizes(5))
    options = {"units": units, "activation": draw(activations()), "use_bias": draw(st.booleans())}
    if gated:
        options["recurrent_activation"] = draw(st.sampled_from(GATES))
    options |= {key: draw(strategy) for key, strategy in more.items()}
    return (draw(sizes(4)), draw(sizes(4))), options, {"cell_states": [units] * states}


def entry(layer, states, geometry):
    return Entry(
        layer,
        geometry,
        example=Case(layer, (2, 4), {"units": 3}, call={"cell_states": [3] * states}),
        branches={"no bias": (lambda run: not run.case.options["use_bias"], 0.1)},
        inert=("implementation", "unit_forget_bias"),
        refusals=[
            bad_config("units.*>= 1", ConfigError, units=0),
            bad_config("activation.*relu", UnsupportedError, activation="rele"),
            bad_config("dropout", ConfigError, dropout="much"),
            bad_input("another feature size", "expected 4 along the last axis", np.ones((2, 5), np.float32)),
        ],
        in_file=False,  # a cell is called with states, inside an RNN layer
        shape_of_keras=lambda case: False,  # Keras's cells do not tell
        cost=2,
    )


TestSimpleRNNCell = layer_tests(entry("SimpleRNNCell", 1, cell(1)))
TestLSTMCell = layer_tests(entry("LSTMCell", 2, cell(2, gated=True)))
TestGRUCell = layer_tests(entry("GRUCell", 1, cell(1, gated=True, reset_after=st.booleans())))
