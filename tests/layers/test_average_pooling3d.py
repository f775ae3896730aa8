"""AveragePooling3D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import pooling_branches
from tests.support.pooling import volumes

TestAveragePooling3D = layer_tests(
    Entry(
        "AveragePooling3D",
        volumes(),
        example=Case("AveragePooling3D", (2, 4, 5, 3, 2), {"pool_size": (2, 3, 2), "padding": "same"}),
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
