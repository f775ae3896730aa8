"""LeakyReLU against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from scratchnn.keras_files import layer_spec_from_keras
from scratchnn.layers import build_layer
from tests.support import Case, Entry, bad_config, layer_tests, oracle
from tests.support.geometry import shapes


@st.composite
def leaky_relu(draw):
    return draw(shapes(2, 4)), {"negative_slope": draw(st.sampled_from([0.3, 0.25, 0.01, 0.0, 2.0]))}


TestLeakyReLU = layer_tests(
    Entry(
        "LeakyReLU",
        leaky_relu(),
        example=Case("LeakyReLU", (2, 3, 4)),
        exact=lambda case: case.options["negative_slope"] in (0.25, 0.0, 2.0),
        branches={"both signs": (lambda run: np.ptp(np.sign(run.case.inputs())), 0.3)},
        refusals=[
            bad_config("negative_slope", ConfigError, negative_slope=-0.1),
            bad_config("negative_slope", ConfigError, negative_slope=True),
        ],
        any_rank=True,
        cost=0.7,
    )
)


def test_keras_2_calls_the_slope_alpha():
    from dataclasses import replace

    spec = layer_spec_from_keras(oracle.keras_layer(Case("LeakyReLU", (2, 3))))
    old = {key: value for key, value in spec.config.items() if key != "negative_slope"}
    layer = build_layer(replace(spec, config={**old, "alpha": 0.5}, keras_version=2), (None, 3))
    assert layer.forward(np.array([[-2.0]])).tolist() == [[-1.0]]
