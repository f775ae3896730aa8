"""GlobalMaxPooling1D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.pooling import global_pooling

TestGlobalMaxPooling1D = layer_tests(
    Entry(
        "GlobalMaxPooling1D",
        global_pooling(1),
        example=Case("GlobalMaxPooling1D", (2, 7, 3)),
        exact=True,
        branches={
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.1),
            "axes kept": (lambda run: run.case.options["keepdims"], 0.2),
            "several positions": (lambda run: len(set(run.case.shape[1:])) > 1, 0.4),
        },
        refusals=[
            bad_config("keepdims.*true or false", ConfigError, keepdims=1),
            bad_config("data_format", UnsupportedError, data_format="first"),
            bad_input("another rank", "rank 3", np.ones((7, 3), np.float32)),
        ],
    )
)
