"""PReLU against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import shapes


@st.composite
def prelu(draw):
    shape = draw(shapes(2, 4, size=5))
    axes = st.lists(st.integers(1, len(shape) - 1), min_size=1, unique=True)
    return shape, {"shared_axes": draw(st.none() | axes)}


TestPReLU = layer_tests(
    Entry(
        "PReLU",
        prelu(),
        example=Case("PReLU", (2, 3, 4), {"shared_axes": [1]}),
        exact=True,
        branches={
            "shared axes": (lambda run: run.case.options["shared_axes"] is not None, 0.2),
            "below zero": (lambda run: (run.case.inputs() < 0).any(), 0.3),
            "several slopes": (lambda run: len(np.unique(run.scratch.alpha)) > 1, 0.2),
        },
        refusals=[
            bad_config("shared_axes", ConfigError, shared_axes=[3]),
            bad_config("shared_axes", ConfigError, shared_axes=["1"]),
            bad_input("other sizes", "expected 4 along axis 2", np.ones((2, 3, 5), np.float32)),
            bad_input("another rank", "rank 3", np.ones((2, 4), np.float32), InputError),
        ],
    )
)
