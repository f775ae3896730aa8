"""Cropping1D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.reshaping import margins

TestCropping1D = layer_tests(
    Entry(
        "Cropping1D",
        margins(1, "cropping"),
        example=Case("Cropping1D", (2, 7, 3), {"cropping": (1, 2)}),
        exact=True,
        branches={
            "ends that differ": (lambda run: any(a != b for a, b in run.scratch.margins), 0.2),
            "an end of 0": (lambda run: any(0 in ends for ends in run.scratch.margins), 0.1),
        },
        refusals=[
            bad_config("cropping.*non-negative integers", ConfigError, cropping=-1),
            bad_config("cropping.*non-negative integers", ConfigError, cropping=((1, 2),) * 2),
            bad_config("cropping", ConfigError, cropping="one"),
            bad_config("leaves nothing", InputError, cropping=7),
            bad_input("another rank", "rank 3", np.ones((7, 3), np.float32), InputError),
        ],
    )
)
