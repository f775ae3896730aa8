"""GlobalAveragePooling2D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.pooling import global_pooling

TestGlobalAveragePooling2D = layer_tests(
    Entry(
        "GlobalAveragePooling2D",
        global_pooling(2),
        example=Case("GlobalAveragePooling2D", (2, 3, 4, 5)),
        branches={
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.1),
            "axes kept": (lambda run: run.case.options["keepdims"], 0.2),
            "several positions": (lambda run: len(set(run.case.shape[1:])) > 1, 0.4),
        },
        refusals=[
            bad_config("keepdims.*true or false", ConfigError, keepdims=1),
            bad_config("data_format", UnsupportedError, data_format="first"),
            bad_input("rank 3", "rank 4", np.ones((3, 4, 5), np.float32)),
        ],
        cost=0.7,
    )
)
