"""UnitNormalization against Keras."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from scratchnn.layers import build_layer
from scratchnn.layers.unit_normalization import UnitNormalization
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.checks import built
from tests.support.geometry import shapes
from tests.support.oracle import layer_spec


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


@pytest.mark.parametrize(("version", "limit"), [(1, 1e6), (2, 1e6), (3, 1e12)])
def test_short_vectors_are_not_blown_up_beyond_the_limit(version, limit):
    spec = replace(layer_spec(Case("UnitNormalization", (1, 2))), keras_version=version)
    layer = build_layer(spec, (None, 2))
    for size in (1e-20, 1e-8, 3e-7, 1e-3, 2.0):
        assert layer.forward(np.array([[size, 0.0]]))[0, 0] == pytest.approx(min(1, size * limit))
    assert UnitNormalization().longest == 1e12
