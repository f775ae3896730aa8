"""Conv3D against Keras."""

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.branches import asymmetric_padding, convolution_branches
from tests.support.convolutions import convolution, convolution_refusals, exact

TestConv3D = layer_tests(
    Entry(
        "Conv3D",
        convolution(3),
        example=Case("Conv3D", (2, 4, 5, 3, 2), {"filters": 4, "kernel_size": (2, 3, 2), "padding": "same"}),
        exact=exact,
        branches=convolution_branches() | {"asymmetric padding": (asymmetric_padding, 0.03)},
        refusals=[
            *convolution_refusals(3, (2, 4, 5, 3, 2)),
            bad_config("filters.*>= 1", ConfigError, filters=0),
        ],
        cost=2,
    )
)
