"""Conv2D against Keras."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import asymmetric_padding, convolution_branches
from tests.support.checks import built, call
from tests.support.geometry import EXACT_ACTIVATIONS, activations, sizes, windows, with_channels


@st.composite
def conv2d(draw):
    spatial, kernel, options = draw(windows(2))
    # Keras runs grouped convolutions through XLA: 50 to 320 ms for each new shape.
    groups = draw(st.sampled_from([1] * 19 + [2]))
    data_format = draw(st.sampled_from(["channels_last", "channels_last", "channels_first"]))
    options |= {
        "filters": groups * draw(sizes(3)),
        "kernel_size": kernel,
        "activation": draw(activations()),
        "use_bias": draw(st.booleans()),
        "data_format": data_format,
        "groups": groups,
    }
    return with_channels(draw(sizes(3)), spatial, groups * draw(sizes(3)), data_format), options


TestConv2D = layer_tests(
    Entry(
        "Conv2D",
        conv2d(),
        example=Case("Conv2D", (2, 5, 6, 3), {"filters": 4, "kernel_size": (3, 2), "padding": "same"}),
        exact=lambda case: case.options["activation"] in EXACT_ACTIVATIONS,
        branches=convolution_branches() | {"asymmetric padding": (asymmetric_padding, 0.05)},
        refusals=[
            bad_config("kernel_size.*2 positive integers", ConfigError, kernel_size=(3, 3, 3)),
            bad_config("strides", ConfigError, strides=(0, 1)),
            bad_config("padding.*valid", UnsupportedError, padding="causal"),
            bad_config("data_format", UnsupportedError, data_format="channels_middle"),
            bad_config("groups", ConfigError, groups=2),
            bad_input("another number of channels", r"kernel has 3 input channels, the input has 4",
                      np.ones((2, 5, 6, 4), np.float32)),
            bad_input("rank 3", "rank 4", np.ones((5, 6, 3), np.float32), InputError),
        ],
    )
)  # fmt: skip


def shifted(x, axis, by):
    return np.roll(x, by, axis=axis)


@given(seed=st.integers(0, 1000), axis=st.sampled_from([1, 2]), by=st.integers(1, 2))
def test_shifting_the_input_shifts_the_output(seed, axis, by):
    """Away from the edges: each output is the same window's, at another place."""
    case = Case("Conv2D", (2, 7, 8, 2), {"filters": 3, "kernel_size": (2, 3)}, "integer", seed)
    layer = built(case)
    x = case.inputs()
    moved, still = layer.forward(shifted(x, axis, by)), call(layer, case)
    inside = [slice(None)] * 4
    inside[axis] = slice(by, None)
    np.testing.assert_array_equal(moved[tuple(inside)], shifted(still, axis, by)[tuple(inside)])


@given(seed=st.integers(0, 1000), groups=st.integers(2, 3))
def test_groups_are_separate_convolutions(seed, groups):
    options = {"filters": 2 * groups, "kernel_size": (2, 1), "groups": groups, "use_bias": False}
    case = Case("Conv2D", (2, 4, 3, 2 * groups), options, "integer", seed)
    layer = built(case)
    x, whole = case.inputs(), call(layer, case)
    for group in range(groups):
        alone = layer.map_weights(lambda array, group=group: array[..., 2 * group : 2 * group + 2])
        alone.groups = 1
        part = alone.forward(x[..., 2 * group : 2 * group + 2])
        np.testing.assert_array_equal(whole[..., 2 * group : 2 * group + 2], part)


def test_a_window_larger_than_a_valid_input_is_refused():
    layer = built(Case("Conv2D", (1, 5, 5, 1), {"filters": 1, "kernel_size": (4, 2)}))
    with pytest.raises(InputError, match="smaller than the window"):
        layer.forward(np.ones((1, 3, 5, 1), np.float32))


@given(data=st.data())
def test_every_small_geometry_of_one_axis(data):
    """Output size and padding of each (size, kernel, stride, padding), against a plain loop over positions."""
    size, kernel = data.draw(sizes(12), label="size"), data.draw(sizes(5), label="kernel")
    stride, padding = data.draw(sizes(4), label="stride"), data.draw(st.sampled_from(["valid", "same"]))
    assume(padding == "same" or size >= kernel)
    options = {"filters": 1, "kernel_size": (kernel, 1), "strides": (stride, stride), "padding": padding}
    case = Case("Conv2D", (1, size, 1, 1), options | {"use_bias": False}, "integer", 3)
    x, k = case.inputs().ravel(), case.weight(0, "kernel", (kernel, 1, 1, 1)).ravel()
    count = -(-size // stride) if padding == "same" else (size - kernel) // stride + 1
    before = max((count - 1) * stride + kernel - size, 0) // 2 if padding == "same" else 0
    expected = [
        sum(x[n * stride + t - before] * k[t] for t in range(kernel) if 0 <= n * stride + t - before < size)
        for n in range(count)
    ]
    np.testing.assert_array_equal(call(built(case), case).ravel(), np.array(expected, np.float32))
