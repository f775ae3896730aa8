"""MaxPooling1D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import pooling_branches
from tests.support.pooling import pooling

TestMaxPooling1D = layer_tests(
    Entry(
        "MaxPooling1D",
        pooling(1),
        example=Case("MaxPooling1D", (2, 7, 3), {"pool_size": (3,), "padding": "same"}),
        exact=True,
        branches=pooling_branches(1),
        refusals=[
            bad_config("pool_size.*1 positive integers", ConfigError, pool_size=(2,) * 2),
            bad_config("pool_size.*missing", ConfigError, remove=["pool_size"]),
            bad_config("strides", ConfigError, strides=0),
            bad_config("padding.*valid", UnsupportedError, padding="causal"),
            bad_config("data_format", UnsupportedError, data_format="NHWC"),
            bad_input("another rank", "rank 3", np.ones((7, 3), np.float32)),
        ],
    )
)
