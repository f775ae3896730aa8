"""RMSNormalization against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import shapes


@st.composite
def rms_normalization(draw):
    shape = draw(shapes(2, 4, size=5))
    several = [[*range(first, len(shape))] for first in range(1, len(shape))]
    axis = draw(st.sampled_from([-1, len(shape) - 1, *several]))
    return shape, {"axis": axis, "epsilon": draw(st.sampled_from([1e-6, 1e-3, 0.5]))}


TestRMSNormalization = layer_tests(
    Entry(
        "RMSNormalization",
        rms_normalization(),
        example=Case("RMSNormalization", (2, 3, 4)),
        branches={
            "several axes": (lambda run: len(run.scratch.axes) > 1, 0.1),
            "rank above 2": (lambda run: len(run.case.shape) > 2, 0.2),
        },
        refusals=[
            bad_config("axis", ConfigError, axis=3),
            bad_config("axis.*the last axes", UnsupportedError, axis=1),
            bad_config("epsilon", ConfigError, epsilon=-1.0),
            bad_input("rank 1", "rank 2 or more", np.ones(4, np.float32)),
            bad_input("other sizes", "expected 4 along axis", np.ones((2, 3, 5), np.float32)),
        ],
    )
)
