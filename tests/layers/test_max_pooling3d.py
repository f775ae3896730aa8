"""MaxPooling3D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import pooling_branches
from tests.support.checks import built
from tests.support.oracle import keras_layer, to_numpy
from tests.support.pooling import volumes

TestMaxPooling3D = layer_tests(
    Entry(
        "MaxPooling3D",
        volumes(),
        example=Case("MaxPooling3D", (2, 4, 5, 3, 2), {"pool_size": (2, 3, 2), "padding": "same"}),
        exact=True,
        branches=pooling_branches(),
        refusals=[
            bad_config("pool_size.*3 positive integers", ConfigError, pool_size=(2,) * 4),
            bad_config("pool_size.*missing", ConfigError, remove=["pool_size"]),
            bad_config("strides", ConfigError, strides=0),
            bad_config("padding.*valid", UnsupportedError, padding="causal"),
            bad_config("data_format", UnsupportedError, data_format="NHWC"),
            bad_input("another rank", "rank 5", np.ones((4, 5, 3, 2), np.float32)),
        ],
        float64=False,  # TensorFlow has no kernel for it on the CPU
    )
)


def test_tensorflow_moves_windows_that_lie_apart():
    """Keras on TensorFlow's CPU starts at position 1 where the documented padding, 0, starts at position 0."""
    options = {"pool_size": (1, 1, 1), "strides": (1, 1, 3), "padding": "same"}
    case = Case("MaxPooling3D", (1, 1, 1, 3, 1), options)
    x = np.array([1, 2, 3], np.float32).reshape(case.shape)
    assert built(case).forward(x).ravel().tolist() == [1]
    assert to_numpy(keras_layer(case)(x)).ravel().tolist() == [2]
