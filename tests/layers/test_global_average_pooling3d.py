"""GlobalAveragePooling3D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.pooling import global_pooling

TestGlobalAveragePooling3D = layer_tests(
    Entry(
        "GlobalAveragePooling3D",
        global_pooling(3),
        example=Case("GlobalAveragePooling3D", (2, 4, 5, 3, 2)),
        branches={
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.1),
            "axes kept": (lambda run: run.case.options["keepdims"], 0.2),
            "several positions": (lambda run: len(set(run.case.shape[1:])) > 1, 0.4),
        },
        refusals=[
            bad_config("keepdims.*true or false", ConfigError, keepdims=1),
            bad_config("data_format", UnsupportedError, data_format="first"),
            bad_input("another rank", "rank 5", np.ones((4, 5, 3, 2), np.float32)),
        ],
    )
)
