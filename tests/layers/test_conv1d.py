"""Conv1D against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, UnsupportedError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.branches import asymmetric_padding, convolution_branches
from tests.support.checks import built, call
from tests.support.convolutions import convolution, convolution_refusals, exact

TestConv1D = layer_tests(
    Entry(
        "Conv1D",
        convolution(1, paddings=("valid", "same", "causal"), groups=(1,) * 19 + (2,)),
        example=Case("Conv1D", (2, 7, 3), {"filters": 4, "kernel_size": (3,), "padding": "causal"}),
        exact=exact,
        branches=convolution_branches() | {"asymmetric padding": (asymmetric_padding, 0.03)},
        refusals=[
            *convolution_refusals(1, (2, 7, 3)),
            bad_config("filters.*>= 1", ConfigError, filters=0),
            bad_config("groups", ConfigError, groups=2),
            bad_config("lora_rank", UnsupportedError, lora_rank=2),
        ],
        cost=1,
    )
)


@given(seed=st.integers(0, 1000), kernel=st.integers(1, 4), dilation=st.integers(1, 3), at=st.integers(0, 5))
def test_a_causal_output_does_not_see_later_steps(seed, kernel, dilation, at):
    options = {"filters": 2, "kernel_size": (kernel,), "dilation_rate": (dilation,), "padding": "causal"}
    case = Case("Conv1D", (2, 6, 3), options, "integer", seed)
    layer, x = built(case), case.inputs()
    later = x.copy()
    later[:, at + 1 :] += 100
    np.testing.assert_array_equal(layer.forward(later)[:, : at + 1], call(layer, case)[:, : at + 1])
