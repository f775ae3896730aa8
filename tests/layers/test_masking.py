"""Masking against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.checks import built
from tests.support.geometry import shapes


@st.composite
def masking(draw):
    return draw(shapes(2, 4, size=4)), {"mask_value": draw(st.sampled_from([0.0, 1.0, -2.0, 0.1]))}


TestMasking = layer_tests(
    Entry(
        "Masking",
        masking(),
        example=Case("Masking", (2, 3, 2)),
        exact=True,
        masks=False,
        branches={
            "a masked step": (
                lambda run: not run.scratch.compute_mask(run.case.inputs(), None).all(), 0.02
            ),
            "a kept step": (lambda run: run.scratch.compute_mask(run.case.inputs(), None).any(), 0.5),
        },
        refusals=[bad_config("mask_value", ConfigError, mask_value="zero")],
        cost=0.7,
    )
)  # fmt: skip


def test_only_steps_that_hold_the_value_alone_are_masked():
    layer = built(Case("Masking", (1, 3, 2), {"mask_value": 0.1}))
    x = np.array([[[0.1, 0.1], [0.1, 5.0], [0.0, 0.0]]], np.float32)  # 0.1 as float32 has it
    assert layer.compute_mask(x, None).tolist() == [[False, True, True]]
    np.testing.assert_array_equal(layer.forward(x), [[[0, 0], [np.float32(0.1), 5], [0, 0]]])
