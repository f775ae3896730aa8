"""Discretization against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import sizes
from tests.support.oracle import keras_layer, scratch_layer, to_numpy

BOUNDARIES = st.lists(st.integers(-4, 4), min_size=1, max_size=5) | st.lists(
    st.sampled_from([0.1, 0.5, -0.3, 1.0]), min_size=1, max_size=4, unique=True
)


@st.composite
def discretization(draw):
    options = {
        "bin_boundaries": sorted(draw(BOUNDARIES)),
        "output_mode": draw(st.sampled_from(["int", "one_hot", "multi_hot", "count"])),
    }
    more = draw(st.sampled_from([(), (), (3,)])) if options["output_mode"] in ("int", "one_hot") else ()
    return (draw(sizes(4)), *more, draw(sizes(5))), options


TestDiscretization = layer_tests(
    Entry(
        "Discretization",
        discretization(),
        example=Case("Discretization", (2, 3), {"bin_boundaries": [-1.0, 0.0, 1.0]}),
        regimes=["integer", "normal", "integer", "constant"],
        exact=True,
        branches={
            "on a boundary": (
                lambda run: np.isin(run.case.inputs(), run.case.options["bin_boundaries"]).any(),
                0.05,
            ),
            "ids": (lambda run: run.case.options["output_mode"] == "int", 0.15),
            "counts": (lambda run: run.case.options["output_mode"] == "count", 0.15),
        },
        inert=("num_bins", "epsilon"),
        refusals=[
            bad_config("bin_boundaries.*list of numbers", ConfigError, bin_boundaries=None),
            bad_config("bin_boundaries.*ascending", ConfigError, bin_boundaries=[1.0, 0.0]),
            bad_config("output_mode", UnsupportedError, output_mode="tf_idf"),
            bad_input("text for a number", "dtype", np.array([["a"]]), InputError),
        ],
    )
)


def test_boundaries_count_in_float32_as_in_keras():
    """-0.3 in float32 lies below -0.3 in float64: on which side of the boundary is it?"""
    case = Case("Discretization", (1, 3), {"bin_boundaries": [-0.3, 0.1, 0.7]})
    keras, x = keras_layer(case), np.array([[-0.3, 0.1, 0.7]], np.float32)
    ours = scratch_layer(keras, case).forward(x)
    np.testing.assert_array_equal(ours, to_numpy(keras(x)))
    np.testing.assert_array_equal(ours, [[1, 2, 3]])
