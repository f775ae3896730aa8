"""DepthwiseConv2D against Keras."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from scratchnn.layers import build_layer
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.branches import asymmetric_padding, convolution_branches
from tests.support.checks import built
from tests.support.convolutions import convolution, convolution_refusals, exact
from tests.support.oracle import layer_spec

TestDepthwiseConv2D = layer_tests(
    Entry(
        "DepthwiseConv2D",
        convolution(2, filters=False, multiplier=True, even=True),
        example=Case(
            "DepthwiseConv2D", (2, 5, 6, 3), {"kernel_size": (3, 2), "depth_multiplier": 2, "padding": "same"}
        ),
        exact=exact,
        branches=convolution_branches() | {"asymmetric padding": (asymmetric_padding, 0.03)},
        refusals=[
            *convolution_refusals(2, (2, 5, 6, 3)),
            bad_config("depth_multiplier.*>= 1", ConfigError, depth_multiplier=0),
            bad_config("groups", UnsupportedError, groups=3),
        ],
        cost=1,
    )
)


@given(seed=st.integers(0, 1000))
def test_each_channel_is_on_its_own(seed):
    case = Case("DepthwiseConv2D", (2, 5, 6, 3), {"kernel_size": (3, 2), "depth_multiplier": 2}, "integer", seed)
    layer, x = built(case), case.inputs().copy()
    before = layer.forward(x)
    x[..., 1] += 5
    changed = layer.forward(x) != before
    assert not changed[..., [0, 1, 4, 5]].any()


def test_a_group_that_keras_2_wrote_down_is_all_channels():
    spec = layer_spec(Case("DepthwiseConv2D", (2, 5, 6, 3), {"kernel_size": 2, "depth_multiplier": 2}))
    old = replace(spec, config={**spec.config, "groups": 1}, keras_version=2)
    assert build_layer(old, (None, 5, 6, 3)).output_shape((None, 5, 6, 3)) == (None, 4, 5, 6)
