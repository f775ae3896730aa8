"""MaxPooling2D against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import pooling_branches
from tests.support.checks import built, call
from tests.support.pooling import pooling

TestMaxPooling2D = layer_tests(
    Entry(
        "MaxPooling2D",
        pooling(2),
        example=Case("MaxPooling2D", (2, 5, 6, 3), {"pool_size": (3, 2), "padding": "same"}),
        exact=True,
        branches=pooling_branches(),
        refusals=[
            bad_config("pool_size.*2 positive integers", ConfigError, pool_size=(2, 2, 2)),
            bad_config("pool_size.*missing", ConfigError, remove=["pool_size"]),
            bad_config("strides", ConfigError, strides=0),
            bad_config("padding.*valid", UnsupportedError, padding="full"),
            bad_config("data_format", UnsupportedError, data_format="NHWC"),
            bad_input("rank 3", "rank 4", np.ones((5, 6, 3), np.float32)),
        ],
        cost=0.7,
    )
)


@given(seed=st.integers(0, 1000), scale=st.sampled_from([2.0, 0.25]))
def test_scales_with_its_input(seed, scale):
    case = Case("MaxPooling2D", (2, 5, 4, 2), {"pool_size": (2, 3), "strides": (1, 2)}, seed=seed)
    layer = built(case)
    np.testing.assert_array_equal(layer.forward(scale * case.inputs()), scale * call(layer, case))


def test_padding_never_wins():
    layer = built(Case("MaxPooling2D", (1, 3, 3, 1), {"pool_size": (2, 2), "padding": "same"}))
    assert layer.forward(np.full((1, 3, 3, 1), -5, np.float32)).tolist() == [[[[-5], [-5]], [[-5], [-5]]]]


def test_a_nan_in_a_window_is_its_maximum():
    """Keras on TensorFlow drops it (docs/findings.md)."""
    layer = built(Case("MaxPooling2D", (1, 2, 4, 1), {"pool_size": (2, 2)}))
    x = np.arange(8, dtype=np.float32).reshape(1, 2, 4, 1)
    x[0, 0, 0, 0] = np.nan
    assert np.isnan(layer.forward(x)).ravel().tolist() == [True, False]
