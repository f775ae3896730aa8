"""UnitNormalization against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.checks import built
from tests.support.geometry import shapes


@st.composite
def unit_normalization(draw):
    shape = draw(shapes(2, 4, size=5))
    axes = st.lists(st.integers(1, len(shape) - 1), min_size=1, unique=True)
    return shape, {"axis": draw(st.sampled_from([-1, 1]) | axes)}


TestUnitNormalization = layer_tests(
    Entry(
        "UnitNormalization",
        unit_normalization(),
        example=Case("UnitNormalization", (2, 3, 4)),
        branches={"several axes": (lambda run: len(np.atleast_1d(run.case.options["axis"])) > 1, 0.05)},
        refusals=[
            bad_config("axis", ConfigError, axis=3),
            bad_config("axis", ConfigError, axis="last"),
        ],
        any_rank=True,
    )
)


def test_zeros_stay_zeros():
    layer = built(Case("UnitNormalization", (1, 3)))
    assert layer.forward(np.array([[0.0, 0.0, 0.0], [0.0, -2.0, 0.0]])).tolist() == [[0, 0, 0], [0, -1, 0]]
