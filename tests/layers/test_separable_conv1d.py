"""SeparableConv1D against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from scratchnn.layers.conv1d import Conv1D
from scratchnn.layers.depthwise_conv1d import DepthwiseConv1D
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.branches import asymmetric_padding, convolution_branches
from tests.support.checks import built, call
from tests.support.convolutions import convolution, convolution_refusals, exact

TestSeparableConv1D = layer_tests(
    Entry(
        "SeparableConv1D",
        convolution(1, multiplier=True, even=True),
        example=Case(
            "SeparableConv1D",
            (2, 7, 3),
            {"filters": 4, "kernel_size": (3,), "depth_multiplier": 2, "padding": "same"},
        ),
        exact=exact,
        branches=convolution_branches() | {"asymmetric padding": (asymmetric_padding, 0.03)},
        refusals=[
            *convolution_refusals(1, (2, 7, 3)),
            bad_config("depth_multiplier.*>= 1", ConfigError, depth_multiplier=0),
            bad_config("filters.*>= 1", ConfigError, filters=0),
            bad_config("groups", UnsupportedError, groups=3),
        ],
        cost=1,
    )
)


@given(seed=st.integers(0, 1000))
def test_is_a_depthwise_and_a_pointwise_convolution(seed):
    options = {"filters": 4, "kernel_size": (3,), "depth_multiplier": 2, "use_bias": False}
    case = Case("SeparableConv1D", (2, 7, 3), options, "integer", seed)
    layer = built(case)
    first = DepthwiseConv1D(layer.weights, None, activation=None, padding="valid")
    second = Conv1D(layer.pointwise_weights, None, activation=None, padding="valid")
    np.testing.assert_array_equal(call(layer, case), second.forward(first.forward(case.inputs())))
