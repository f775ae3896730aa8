"""Maximum against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import InputError
from tests.support import Case, Entry, bad_input, layer_tests
from tests.support.merging import MASK_KINDS, check_masks, merged

TestMaximum = layer_tests(
    Entry(
        "Maximum",
        merged(),
        example=Case("Maximum", [(2, 3, 4), (2, 3, 4)]),
        exact=True,
        branches={
            "several ranks": (lambda run: len({len(shape) for shape in run.case.shape}) > 1, 0.05),
            "stretched": (lambda run: len({shape[-1] for shape in run.case.shape}) > 1, 0.03),
            "two or more": (lambda run: len(run.case.shape) > 1, 0.4),
        },
        refusals=[
            bad_input("one array", "list of inputs", np.ones((2, 3, 4), np.float32)),
            bad_input("sizes that differ", "fit each other", [np.ones((2, 3, 4)), np.ones((2, 3, 5))]),
            bad_input("batches that differ", "as many samples", [np.ones((2, 3, 4)), np.ones((3, 3, 4))]),
            bad_input("no inputs", "inputs, got 0", [], InputError),
        ],
    )
)


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)),
    kinds=st.lists(st.sampled_from(MASK_KINDS), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_masks_are_those_of_keras(shape, kinds, seed):
    check_masks(Case("Maximum", [shape] * len(kinds), seed=seed), kinds)
