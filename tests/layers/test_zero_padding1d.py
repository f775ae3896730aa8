"""ZeroPadding1D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.reshaping import margins

TestZeroPadding1D = layer_tests(
    Entry(
        "ZeroPadding1D",
        margins(1, "padding"),
        example=Case("ZeroPadding1D", (2, 7, 3), {"padding": (1, 2)}),
        exact=True,
        branches={
            "ends that differ": (lambda run: any(a != b for a, b in run.scratch.margins), 0.2),
            "an end of 0": (lambda run: any(0 in ends for ends in run.scratch.margins), 0.1),
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.1),
        },
        refusals=[
            bad_config("padding.*non-negative integers", ConfigError, padding=-1),
            bad_config("padding.*non-negative integers", ConfigError, padding=((1, 2),) * 2),
            bad_config("padding", ConfigError, padding="one"),
            bad_config("data_format", UnsupportedError, data_format="first"),
            bad_input("another rank", "rank 3", np.ones((7, 3), np.float32), InputError),
        ],
    )
)
