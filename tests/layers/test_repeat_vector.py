"""RepeatVector against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import shapes, sizes

TestRepeatVector = layer_tests(
    Entry(
        "RepeatVector",
        st.tuples(shapes(2, 2), st.fixed_dictionaries({"n": sizes(5)})),
        example=Case("RepeatVector", (2, 3), {"n": 4}),
        exact=True,
        branches={"several times": (lambda run: run.case.options["n"] > 1, 0.3)},
        refusals=[
            bad_config("n", ConfigError, n=0),
            bad_config("n", ConfigError, n=1.5),
            bad_input("another rank", "rank 2", np.ones((2, 3, 4), np.float32), InputError),
        ],
        cost=0.7,
    )
)
