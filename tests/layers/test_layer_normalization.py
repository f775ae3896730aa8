"""LayerNormalization against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built
from tests.support.geometry import shapes


@st.composite
def layer_normalization(draw):
    shape = draw(shapes(2, 4, size=5))
    axes = st.lists(st.integers(1, len(shape) - 1), min_size=1, unique=True)
    return shape, {
        "axis": draw(st.sampled_from([-1, len(shape) - 1]) | axes),
        "epsilon": draw(st.sampled_from([1e-3, 1e-5, 0.5])),
        "center": draw(st.booleans()),
        "scale": draw(st.booleans()),
    }


TestLayerNormalization = layer_tests(
    Entry(
        "LayerNormalization",
        layer_normalization(),
        example=Case("LayerNormalization", (2, 3, 4), {"axis": [1, 2]}),
        branches={
            "several axes": (lambda run: len(run.scratch.axes) > 1, 0.05),
            "scaled and centered": (lambda run: run.case.options["scale"] and run.case.options["center"], 0.1),
            "neither": (lambda run: not run.case.options["scale"] and not run.case.options["center"], 0.1),
        },
        refusals=[
            bad_config("axis", ConfigError, axis=3),
            bad_config("axis", ConfigError, axis=0),
            bad_config("axis", ConfigError, axis=[1, 1]),
            bad_config("epsilon", ConfigError, epsilon=-1.0),
            bad_config("center.*true or false", ConfigError, center=0),
            bad_config("rms_scaling", UnsupportedError, rms_scaling=True),
            bad_input("other sizes", "expected 4 along axis", np.ones((2, 3, 5), np.float32)),
            bad_input("rank 1", "rank 2 or more", np.ones(4, np.float32), InputError),
        ],
    )
)


@given(seed=st.integers(0, 1000), shift=st.sampled_from([-8.0, 4.0]))
def test_a_shift_of_a_sample_does_not_matter(seed, shift):
    layer = built(Case("LayerNormalization", (3, 4), seed=seed))
    x = np.random.default_rng(seed).integers(-4, 5, (3, 4)).astype(np.float64)
    np.testing.assert_array_equal(layer.forward(x + shift), layer.forward(x))  # fourths of integers are exact
