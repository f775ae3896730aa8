"""UpSampling3D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.reshaping import up_sampling

TestUpSampling3D = layer_tests(
    Entry(
        "UpSampling3D",
        up_sampling(3),
        example=Case("UpSampling3D", (2, 4, 5, 3, 2), {"size": (2, 1, 3)}),
        exact=True,
        branches={
            "several times": (lambda run: max(run.scratch.size) > 1, 0.3),
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.1),
        },
        refusals=[
            bad_config("size.*positive integers", ConfigError, size=0),
            bad_config("size.*positive integers", ConfigError, size=1.5),
            bad_config("data_format", UnsupportedError, data_format="first"),
            bad_input("another rank", "rank 5", np.ones((4, 5, 3, 2), np.float32), InputError),
        ],
    )
)
