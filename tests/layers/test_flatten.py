"""Flatten against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import UnsupportedError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.checks import built, call
from tests.support.geometry import shapes


@st.composite
def flatten(draw):
    options = {"data_format": draw(st.sampled_from(["channels_last", "channels_first"]))}
    return draw(shapes(1, 5, size=4)), options


TestFlatten = layer_tests(
    Entry(
        "Flatten",
        flatten(),
        example=Case("Flatten", (2, 3, 4)),
        exact=True,
        branches={
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.2),
            "rank above 2": (lambda run: len(run.case.shape) > 2, 0.3),
            "rank 1": (lambda run: len(run.case.shape) == 1, 0.02),
        },
        refusals=[bad_config("data_format", UnsupportedError, data_format="last")],
        any_rank=True,
        cost=0.7,
    )
)


def test_order_is_row_major_with_the_channels_last():
    case = Case("Flatten", (1, 2, 2, 2))
    np.testing.assert_array_equal(call(built(case), case)[0], case.inputs().ravel())
