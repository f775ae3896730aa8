"""ReLU against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.checks import built
from tests.support.geometry import shapes


@st.composite
def relu(draw):
    options = {
        "max_value": draw(st.sampled_from([None, 1.5, 6.0, 0.0])),
        "negative_slope": draw(st.sampled_from([0.0, 0.25, 0.3])),
        "threshold": draw(st.sampled_from([0.0, 0.5, 1.0])),
    }
    return draw(shapes(2, 4)), options


TestReLU = layer_tests(
    Entry(
        "ReLU",
        relu(),
        example=Case("ReLU", (2, 3, 4)),
        exact=lambda case: case.options["negative_slope"] in (0.0, 0.25),
        branches={
            "a ceiling": (lambda run: run.case.options["max_value"] is not None, 0.3),
            "a slope": (lambda run: run.case.options["negative_slope"] > 0, 0.3),
            "a threshold": (lambda run: run.case.options["threshold"] > 0, 0.3),
            "both sides of it": (
                lambda run: np.ptp(np.sign(run.case.inputs() - run.case.options["threshold"])),
                0.2,
            ),
        },
        refusals=[
            bad_config("max_value", ConfigError, max_value="none"),
            bad_config("max_value", ConfigError, max_value=-1.0),
            bad_config("negative_slope", ConfigError, negative_slope=-0.1),
            bad_config("threshold", ConfigError, threshold=float("nan")),
        ],
        any_rank=True,
        cost=0.7,
    )
)


def test_the_threshold_itself_is_cut():
    layer = built(Case("ReLU", (1, 1), {"threshold": 1.0}))
    assert layer.forward(np.array([[1.0, 1.0000001, 0.5]])).tolist() == [[0.0, 1.0000001, 0.0]]
