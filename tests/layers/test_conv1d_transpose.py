"""Conv1DTranspose against Keras."""

from scratchnn.errors import ConfigError
from scratchnn.layers.conv1d import Conv1D
from scratchnn.layers.conv1d_transpose import Conv1DTranspose
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.convolutions import adjoint_test, convolution_refusals, exact, transposed, transposed_branches

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
test_is_the_adjoint_of_the_convolution = adjoint_test(Conv1DTranspose, Conv1D, (3,), (7,))
