"""UpSampling2D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.reshaping import up_sampling

TestUpSampling2D = layer_tests(
    Entry(
        "UpSampling2D",
        up_sampling(2),
        example=Case("UpSampling2D", (2, 5, 6, 3), {"size": (2, 3)}),
        exact=lambda case: case.options["interpolation"] == "nearest",
        branches={
            "several times": (lambda run: max(run.scratch.size) > 1, 0.3),
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.1),
            "bilinear": (lambda run: run.case.options["interpolation"] == "bilinear", 0.2),
        },
        refusals=[
            bad_config("size.*positive integers", ConfigError, size=0),
            bad_config("size.*positive integers", ConfigError, size=1.5),
            bad_config("data_format", UnsupportedError, data_format="first"),
            bad_config("interpolation", UnsupportedError, interpolation="bicubic"),
            bad_input("another rank", "rank 4", np.ones((5, 6, 3), np.float32), InputError),
        ],
    )
)
