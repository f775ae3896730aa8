"""Concatenate against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import sizes
from tests.support.merging import MASK_KINDS, check_masks, whole_numbers_test


@st.composite
def concatenated(draw):
    rank = draw(st.integers(2, 4))
    axis = draw(st.integers(1, rank - 1))
    whole = [draw(sizes(4)) for _ in range(rank)]
    shapes = [(*whole[:axis], draw(sizes(4)), *whole[axis + 1 :]) for _ in range(draw(st.integers(1, 4)))]
    return shapes, {"axis": draw(st.sampled_from([axis, axis - rank]))}


TestConcatenate = layer_tests(
    Entry(
        "Concatenate",
        concatenated(),
        example=Case("Concatenate", [(2, 3, 4), (2, 3, 1)]),
        exact=True,
        branches={
            "several inputs": (lambda run: len(run.case.shape) > 1, 0.4),
            "inner axis": (lambda run: run.case.options["axis"] not in (-1, len(run.case.shape[0]) - 1), 0.1),
            "sizes that differ": (lambda run: len(set(run.case.shape)) > 1, 0.3),
        },
        refusals=[
            bad_config("axis", ConfigError, axis="last"),
            bad_config("axis 3", InputError, axis=3),
            bad_input("one array", "list of inputs", np.ones((2, 3, 4), np.float32)),
            bad_input("sizes that differ", "along axis -1 alone", [np.ones((2, 3, 4)), np.ones((2, 4, 4))]),
            bad_input("ranks that differ", "shapes", [np.ones((2, 3, 4)), np.ones((2, 3))]),
        ],
    )
)


test_whole_numbers_are_those_of_keras = whole_numbers_test("Concatenate")


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)),
    kinds=st.lists(st.sampled_from(MASK_KINDS), min_size=1, max_size=4),
    axis=st.sampled_from([1, 2, -1]),
    seed=st.integers(0, 1000),
)
def test_masks_are_those_of_keras(shape, kinds, axis, seed):
    check_masks(Case("Concatenate", [shape] * len(kinds), {"axis": axis}, seed=seed), kinds)
