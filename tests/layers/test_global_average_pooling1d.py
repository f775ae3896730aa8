"""GlobalAveragePooling1D against Keras."""

import numpy as np

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import some_steps_masked
from tests.support.pooling import global_pooling

TestGlobalAveragePooling1D = layer_tests(
    Entry(
        "GlobalAveragePooling1D",
        global_pooling(1),
        example=Case("GlobalAveragePooling1D", (2, 7, 3)),
        masks=True,
        branches={
            "channels first": (lambda run: run.case.options["data_format"] == "channels_first", 0.1),
            "axes kept": (lambda run: run.case.options["keepdims"], 0.2),
            "several positions": (lambda run: len(set(run.case.shape[1:])) > 1, 0.4),
            "mask": (some_steps_masked, 0.1),
        },
        refusals=[
            bad_config("keepdims.*true or false", ConfigError, keepdims=1),
            bad_config("data_format", UnsupportedError, data_format="first"),
            bad_input("another rank", "rank 3", np.ones((7, 3), np.float32)),
            bad_input("a mask of another length", r"mask: expected shape \(2, 7\)", None, mask=np.ones((2, 6))),
        ],
    )
)
