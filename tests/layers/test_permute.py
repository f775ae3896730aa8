"""Permute against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import shapes


@st.composite
def permute(draw):
    shape = draw(shapes(2, 5, size=4))
    return shape, {"dims": tuple(draw(st.permutations(range(1, len(shape)))))}


TestPermute = layer_tests(
    Entry(
        "Permute",
        permute(),
        example=Case("Permute", (2, 3, 4, 5), {"dims": (2, 3, 1)}),
        exact=True,
        branches={"moved": (lambda run: list(run.case.options["dims"]) != sorted(run.case.options["dims"]), 0.2)},
        refusals=[
            bad_config("dims", ConfigError, dims=(1, 2)),
            bad_config("dims", ConfigError, dims=(1, 2, 2)),
            bad_config("dims", ConfigError, dims=(0, 1, 2)),
            bad_config("dims.*missing", ConfigError, remove=["dims"]),
            bad_input("another rank", "rank 4", np.ones((2, 3, 4), np.float32), InputError),
        ],
        cost=0.7,
    )
)
