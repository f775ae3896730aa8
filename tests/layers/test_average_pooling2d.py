"""AveragePooling2D against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from scratchnn.layers.average_pooling2d import AveragePooling2D
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import pooling_branches
from tests.support.checks import built, call
from tests.support.pooling import pooling

TestAveragePooling2D = layer_tests(
    Entry(
        "AveragePooling2D",
        pooling(2),
        example=Case("AveragePooling2D", (2, 5, 6, 3), {"pool_size": (3, 2), "padding": "same"}),
        exact=lambda case: case.options["padding"] == "valid" and {*case.options["pool_size"]} <= {1, 2, 4},
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


@given(seed=st.integers(0, 1000), value=st.sampled_from([1.0, -3.0, 0.5]))
def test_the_mean_of_a_constant_is_that_constant_even_at_the_padding(seed, value):
    case = Case("AveragePooling2D", (1, 5, 3, 2), {"pool_size": (2, 2), "padding": "same"}, seed=seed)
    layer = built(case)
    out = layer.forward(np.full(case.shape, value, np.float32))
    np.testing.assert_array_equal(out, np.full_like(call(layer, case), value))


def test_strides_default_to_the_pool_size():
    """Keras's own config always names them; older files and constructor calls may not."""
    layer = AveragePooling2D(pool_size=(2, 3), strides=None)
    x = np.arange(24.0).reshape(1, 4, 6, 1)
    assert layer.forward(x)[0, :, :, 0].tolist() == [[4.0, 7.0], [16.0, 19.0]]
