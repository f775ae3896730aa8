"""UpSampling1D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.reshaping import up_sampling

TestUpSampling1D = layer_tests(
    Entry(
        "UpSampling1D",
        up_sampling(1),
        example=Case("UpSampling1D", (2, 7, 3), {"size": 2}),
        exact=True,
        branches={
            "several times": (lambda run: max(run.scratch.size) > 1, 0.3),
        },
        refusals=[
            bad_config("size.*positive integers", ConfigError, size=0),
            bad_config("size.*positive integers", ConfigError, size=1.5),
            bad_input("another rank", "rank 3", np.ones((7, 3), np.float32), InputError),
        ],
    )
)
