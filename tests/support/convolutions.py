"""What the files of the convolutions share: drawn windows and the error table."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError

from .entry import bad_config, bad_input
from .geometry import EXACT_ACTIVATIONS, activations, sizes, windows, with_channels


@st.composite
def convolution(draw, rank, paddings=("valid", "same"), groups=(1,), filters=True, multiplier=False, even=False):
    """Shape and options of a convolution.

    Args:
        draw: Hypothesis's.
        rank: number of spatial axes.
        paddings, groups: what is drawn from.
        filters, multiplier: whether the layer has these options.
        even: whether the strides of all axes are the same, as TensorFlow's depthwise convolution wants it.
    """
    spatial, kernel, options = draw(windows(rank, paddings=paddings, largest=4 if rank < 3 else 3))
    if even:
        options["strides"] = (max(options["strides"]),) * rank
        if options["padding"] == "valid":  # each axis holds a window of the stride that it has now
            spatial = tuple(size + max(options["strides"]) for size in spatial)
    if rank == 3 and options["padding"] == "same":
        # TensorFlow starts inside the input where 3D windows lie apart (docs/findings.md).
        axes = zip(spatial, kernel, options["strides"], strict=True)
        assume(all((-(-size // stride) - 1) * stride + k - size >= -1 for size, k, stride in axes))
    group = draw(st.sampled_from(groups))
    data_format = draw(st.sampled_from(["channels_last", "channels_last", "channels_first"]))
    options |= {
        "kernel_size": kernel,
        "activation": draw(activations()),
        "use_bias": draw(st.booleans()),
        "data_format": data_format,
    }
    options |= {"filters": group * draw(sizes(3))} if filters else {}
    options |= {"depth_multiplier": draw(sizes(3))} if multiplier else {}
    options |= {"groups": group} if groups != (1,) else {}
    return with_channels(draw(sizes(3)), spatial, group * draw(sizes(3)), data_format), options


def exact(case):
    """Whether sums of small integers stay exact."""
    return case.options["activation"] in EXACT_ACTIVATIONS


def convolution_refusals(rank, shape):
    """Rows of the error table of any convolution whose example has that input shape."""
    more = (*shape[:-1], shape[-1] + 1)
    word = f"{rank} positive integers"
    return [
        bad_config(f"kernel_size.*{word}", ConfigError, kernel_size=(2,) * (rank + 1)),
        bad_config("kernel_size.*missing", ConfigError, remove=["kernel_size"]),
        bad_config("strides", ConfigError, strides=(0,) * rank),
        bad_config("dilation_rate", ConfigError, dilation_rate=-1),
        bad_config("padding.*valid", UnsupportedError, padding="full"),
        bad_config("data_format", UnsupportedError, data_format="channels_middle"),
        bad_config("use_bias.*true or false", ConfigError, use_bias="no"),
        bad_config("activation.*relu", UnsupportedError, activation="rele"),
        bad_input("another number of channels", f"input channels, the input has {shape[-1] + 1}",
                  np.ones(more, np.float32)),
        bad_input("another rank", f"rank {rank + 2}", np.ones(shape[1:], np.float32), InputError),
    ]  # fmt: skip


@st.composite
def transposed(draw, rank):
    """Shape and options of a transposed convolution; Keras on the CPU has no dilation there."""
    kernel, strides = (tuple(draw(sizes(4 if rank < 3 else 3)) for _ in range(rank)) for _ in range(2))
    options = {
        "filters": draw(sizes(3)),
        "kernel_size": kernel,
        "strides": strides,
        "padding": draw(st.sampled_from(["valid", "same"])),
        "output_padding": draw(st.none() | st.tuples(*(st.integers(0, stride - 1) for stride in strides))),
        "activation": draw(activations()),
        "use_bias": draw(st.booleans()),
        "data_format": draw(st.sampled_from(["channels_last", "channels_last", "channels_first"])),
    }
    # The size that Keras works out is one that TensorFlow takes only where the strides reach it.
    fits = zip(kernel, strides, options["output_padding"] or (), strict=False)
    if options["padding"] == "same" and any(not 0 < k % 2 + extra <= s for k, s, extra in fits):
        options["output_padding"] = None
    spatial = tuple(draw(sizes(5 if rank < 3 else 3)) for _ in range(rank))
    return with_channels(draw(sizes(3)), spatial, draw(sizes(3)), options["data_format"]), options


def transposed_branches():
    """What the examples of a transposed convolution must reach, and how often."""
    return {
        "strided": (lambda run: max(run.scratch.strides) > 1, 0.3),
        "stride above kernel": (
            lambda run: any(s > k for s, k in zip(run.scratch.strides, run.scratch.kernel_size, strict=True)), 0.1
        ),
        "same": (lambda run: run.scratch.padding == "same", 0.2),
        "output padding": (lambda run: any(run.scratch.output_padding or ()), 0.05),
        "channels first": (lambda run: run.scratch.data_format == "channels_first", 0.1),
    }  # fmt: skip


def adjoint_test(transposed, forward, kernel_size, spatial):
    """A test that <Conv(y), x> = <y, ConvTranspose(x)>, which defines the transposed convolution.

    Keras on the CPU has no dilated one to compare with.
    """

    @given(
        seed=st.integers(0, 1000),
        stride=st.integers(1, 3),
        dilation=st.integers(1, 2),
        padding=st.sampled_from(["same", "valid"]),
    )
    def test(seed, stride, dilation, padding):
        rng = np.random.default_rng(seed)
        kernel = rng.integers(-3, 4, (*kernel_size, 2, 3)).astype(float)  # (*kernel_size, filters, channels)
        geometry = {"strides": stride, "dilation_rate": dilation if stride == 1 else 1, "padding": padding}
        up = transposed(kernel, None, activation=None, **geometry)
        down = forward(kernel, None, activation=None, **geometry)
        x = rng.integers(-3, 4, (1, *spatial, 3)).astype(float)
        out = up.forward(x)
        y = rng.integers(-3, 4, out.shape).astype(float)
        assert down.output_shape(out.shape) == x.shape
        assert np.sum(down.forward(y) * x) == np.sum(y * out)

    return test
