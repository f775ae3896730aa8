"""Conv1DTranspose against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from scratchnn.layers.conv1d import Conv1D
from scratchnn.layers.conv1d_transpose import Conv1DTranspose
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.convolutions import convolution_refusals, exact, transposed, transposed_branches

TestConv1DTranspose = layer_tests(
    Entry(
        "Conv1DTranspose",
        transposed(1),
        example=Case(
            "Conv1DTranspose", (2, 7, 3), {"filters": 4, "kernel_size": (3,), "strides": 2, "padding": "same"}
        ),
        exact=exact,
        branches=transposed_branches(),
        refusals=[
            *convolution_refusals(1, (2, 7, 3)),
            bad_config("filters.*>= 1", ConfigError, filters=0),
            bad_config("output_padding.*less than the strides", ConfigError, output_padding=2),
            bad_config("output_padding.*non-negative", ConfigError, output_padding=-1),
        ],
        cost=1,
    )
)


@given(
    seed=st.integers(0, 1000),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    padding=st.sampled_from(["same", "valid"]),
)
def test_is_the_adjoint_of_the_convolution(seed, stride, dilation, padding):
    """<Conv(y), x> = <y, ConvTranspose(x)>, which defines it; Keras on the CPU has no dilation to compare with."""
    rng = np.random.default_rng(seed)
    kernel = rng.integers(-3, 4, (*(3,), 2, 3)).astype(float)  # (*kernel_size, filters, channels)
    geometry = {"strides": stride, "dilation_rate": dilation if stride == 1 else 1, "padding": padding}
    transposed = Conv1DTranspose(kernel, None, activation=None, **geometry)
    forward = Conv1D(kernel, None, activation=None, **geometry)
    x = rng.integers(-3, 4, (1, *(7,), 3)).astype(float)
    out = transposed.forward(x)
    y = rng.integers(-3, 4, out.shape).astype(float)
    assert forward.output_shape(out.shape) == x.shape
    assert np.sum(forward.forward(y) * x) == np.sum(y * out)
