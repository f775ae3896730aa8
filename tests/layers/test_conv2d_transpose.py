"""Conv2DTranspose against Keras."""

from dataclasses import replace

import numpy as np
import pytest

from scratchnn.errors import ConfigError, UnsupportedError
from scratchnn.layers import build_layer
from scratchnn.layers.conv2d import Conv2D
from scratchnn.layers.conv2d_transpose import Conv2DTranspose
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.convolutions import adjoint_test, convolution_refusals, exact, transposed, transposed_branches
from tests.support.oracle import layer_spec

TestConv2DTranspose = layer_tests(
    Entry(
        "Conv2DTranspose",
        transposed(2),
        example=Case(
            "Conv2DTranspose", (2, 5, 6, 3), {"filters": 4, "kernel_size": (3, 2), "strides": 2, "padding": "same"}
        ),
        exact=exact,
        branches=transposed_branches(),
        refusals=[
            *convolution_refusals(2, (2, 5, 6, 3)),
            bad_config("filters.*>= 1", ConfigError, filters=0),
            bad_config("groups", UnsupportedError, groups=2),
            bad_config("output_padding.*less than the strides", ConfigError, output_padding=2),
            bad_config("output_padding.*at least one element", ConfigError, output_padding=0),
            bad_config("output_padding.*non-negative", ConfigError, output_padding=-1),
        ],
        cost=1,
    )
)
test_is_the_adjoint_of_the_convolution = adjoint_test(Conv2DTranspose, Conv2D, (3, 2), (5, 6))


def test_a_group_that_keras_2_wrote_down_is_all_channels():
    spec = layer_spec(Case("Conv2DTranspose", (2, 5, 6, 3), {"filters": 4, "kernel_size": 2}))
    old = replace(spec, config={**spec.config, "groups": 1}, keras_version=2)
    assert build_layer(old, (None, 5, 6, 3)).output_shape((None, 5, 6, 3)) == (None, 6, 7, 4)


@pytest.mark.parametrize(
    ("given", "size"), [(None, (10, 12)), (1, (11, 13)), ((1, 0), (11, 12)), ([0, 1], (10, 13))]
)
def test_output_padding_is_one_number_or_one_for_each_axis(given, size):
    layer = Conv2DTranspose(np.ones((2, 2, 4, 3)), None, strides=2, padding="valid", output_padding=given)
    assert layer.output_shape((None, 5, 6, 3)) == (None, *size, 4)
    assert layer.forward(np.ones((1, 5, 6, 3))).shape == (1, *size, 4)
