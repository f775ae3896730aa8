"""ThresholdedReLU of Keras 1 and 2 against the class that Keras 3 keeps for their files."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.checks import built
from tests.support.geometry import shapes

TestThresholdedReLU = layer_tests(
    Entry(
        "ThresholdedReLU",
        st.tuples(shapes(2, 4), st.fixed_dictionaries({"theta": st.sampled_from([0.0, 0.5, 1.0, 2.0])})),
        example=Case("ThresholdedReLU", (2, 3, 4), {"theta": 0.5}),
        exact=True,
        branches={
            "both sides": (
                lambda run: len(np.unique(run.case.inputs() > run.case.options["theta"])) > 1,
                0.1,
            )
        },
        refusals=[bad_config("theta", ConfigError, theta="one"), bad_config("theta", ConfigError, theta=-1.0)],
        any_rank=True,
        in_file=False,  # Keras 3 does not serialize the class under keras.layers
        cost=0.7,
    )
)


def test_the_threshold_itself_is_cut():
    layer = built(Case("ThresholdedReLU", (1, 1), {"theta": 1.0}))
    assert layer.forward(np.array([[1.0, 1.0000001, -3.0]])).tolist() == [[0.0, 1.0000001, 0.0]]
