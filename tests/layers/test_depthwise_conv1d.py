"""DepthwiseConv1D against Keras."""

from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.branches import asymmetric_padding, convolution_branches
from tests.support.checks import built
from tests.support.convolutions import convolution, convolution_refusals, exact

TestDepthwiseConv1D = layer_tests(
    Entry(
        "DepthwiseConv1D",
        convolution(1, filters=False, multiplier=True, even=True),
        example=Case(
            "DepthwiseConv1D", (2, 7, 3), {"kernel_size": (3,), "depth_multiplier": 2, "padding": "same"}
        ),
        exact=exact,
        branches=convolution_branches() | {"asymmetric padding": (asymmetric_padding, 0.03)},
        refusals=[
            *convolution_refusals(1, (2, 7, 3)),
            bad_config("depth_multiplier.*>= 1", ConfigError, depth_multiplier=0),
            bad_config("groups", UnsupportedError, groups=3),
        ],
        cost=1,
    )
)


@given(seed=st.integers(0, 1000))
def test_each_channel_is_on_its_own(seed):
    case = Case("DepthwiseConv1D", (2, 7, 3), {"kernel_size": (3,), "depth_multiplier": 2}, "integer", seed)
    layer, x = built(case), case.inputs().copy()
    before = layer.forward(x)
    x[..., 1] += 5
    changed = layer.forward(x) != before
    assert not changed[..., [0, 1, 4, 5]].any()
