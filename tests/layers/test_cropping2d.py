"""Cropping2D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.reshaping import margins

TestCropping2D = layer_tests(
    Entry(
        "Cropping2D",
        margins(2, "cropping"),
        example=Case("Cropping2D", (2, 5, 6, 3), {"cropping": ((1, 2), (0, 1))}),
        exact=True,
        branches={
            "ends that differ": (lambda run: any(a != b for a, b in run.scratch.margins), 0.2),
            "an end of 0": (lambda run: any(0 in ends for ends in run.scratch.margins), 0.1),
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.1),
        },
        refusals=[
            bad_config("cropping.*non-negative integers", ConfigError, cropping=-1),
            bad_config("cropping.*non-negative integers", ConfigError, cropping=((1, 2),) * 3),
            bad_config("cropping", ConfigError, cropping="one"),
            bad_config("data_format", UnsupportedError, data_format="first"),
            bad_config("leaves nothing", InputError, cropping=6),
            bad_input("another rank", "rank 4", np.ones((5, 6, 3), np.float32), InputError),
        ],
    )
)
