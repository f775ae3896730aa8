"""Conv3DTranspose against Keras."""

from scratchnn.errors import ConfigError
from scratchnn.layers.conv3d import Conv3D
from scratchnn.layers.conv3d_transpose import Conv3DTranspose
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.convolutions import adjoint_test, convolution_refusals, exact, transposed, transposed_branches

TestConv3DTranspose = layer_tests(
    Entry(
        "Conv3DTranspose",
        transposed(3),
        example=Case(
            "Conv3DTranspose",
            (2, 4, 5, 3, 2),
            {"filters": 4, "kernel_size": (2, 3, 2), "strides": 2, "padding": "same"},
        ),
        exact=exact,
        branches=transposed_branches(),
        refusals=[
            *convolution_refusals(3, (2, 4, 5, 3, 2)),
            bad_config("filters.*>= 1", ConfigError, filters=0),
            bad_config("output_padding.*less than the strides", ConfigError, output_padding=2),
            bad_config("output_padding.*non-negative", ConfigError, output_padding=-1),
        ],
        cost=2,
    )
)
test_is_the_adjoint_of_the_convolution = adjoint_test(Conv3DTranspose, Conv3D, (2, 3, 2), (4, 5, 3))
