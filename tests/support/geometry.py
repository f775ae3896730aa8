"""Shapes and options drawn together, from the simplest to the richest, and non-square everywhere."""

from typing import Any

from hypothesis import strategies as st

from .oracle import knows_activation

# Keras's activations by name. Not here: glu, which halves an axis, so that layers with weights do not take it.
ACTIVATIONS = (
    *("linear", "relu", "tanh", "sigmoid", "softmax", "elu", "selu", "gelu", "silu", "softplus", "softsign"),
    *("exponential", "hard_sigmoid", "leaky_relu", "relu6", "mish", "celu", "log_softmax", "log_sigmoid"),
    *("hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "sparse_plus", "sparse_sigmoid"),
    *("squareplus", "sparsemax"),
)
GATES = ("sigmoid", "hard_sigmoid", "tanh", "linear", "relu")
# Small integers stay exact through these.
EXACT_ACTIVATIONS = (None, "linear", "relu")


def sizes(largest: int, smallest: int = 1) -> st.SearchStrategy[int]:
    """The size of an axis."""
    return st.integers(smallest, largest)


def shapes(smallest: int, largest: int, size: int = 6) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of these ranks, batch axis first."""
    return st.lists(sizes(size), min_size=smallest, max_size=largest).map(tuple)


def activations() -> st.SearchStrategy[str]:
    """The name of an activation; half of the time one that small integers stay exact through."""
    return st.sampled_from(("linear", "relu")) | st.sampled_from(ACTIVATIONS).filter(knows_activation)


@st.composite
def windows(
    draw: st.DrawFn,
    rank: int,
    dilate: bool = True,
    paddings: tuple[str, ...] = ("valid", "same"),
    largest: int = 4,
) -> Any:
    """Kernel, strides, dilation, spatial sizes and padding that fit each other: `(sizes, options)`.

    Keras refuses strides together with dilation, so that one of them is 1 throughout. A 'valid' input holds at
    least one window; a 'same' input may be smaller than the window.
    """
    kinds = ("plain", "strided", "dilated") if dilate else ("plain", "strided")
    pairs = [(kind, padding) for padding in paddings for kind in kinds]
    # Twice, because little else shows how strides change the padding.
    kind, padding = draw(st.sampled_from([*pairs, ("strided", "same")]))
    spatial, kernel, strides, dilation = [], [], [], []
    for _ in range(rank):
        k = draw(sizes(largest))
        s = draw(sizes(largest, smallest=1 if rank > 1 else 2)) if kind == "strided" else 1
        d = draw(sizes(3)) if kind == "dilated" else 1
        reach = (k - 1) * d + 1
        spatial.append(draw(sizes(reach + 2 * s + 2, smallest=reach if padding == "valid" else 1)))
        kernel.append(k), strides.append(s), dilation.append(d)
    options = {"padding": padding, "strides": tuple(strides)}
    return tuple(spatial), tuple(kernel), options | ({"dilation_rate": tuple(dilation)} if dilate else {})


def with_channels(batch: int, spatial: tuple[int, ...], channels: int, data_format: str) -> tuple[int, ...]:
    """The shape of an image in a data format."""
    return (batch, channels, *spatial) if data_format == "channels_first" else (batch, *spatial, channels)


def window_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """What 'same' adds before and after, for the strength report alone."""
    missing = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return missing // 2, missing - missing // 2


@st.composite
def recurrent(draw: st.DrawFn, states: int, gated: bool = False, **more: st.SearchStrategy[Any]) -> Any:
    """Shape (batch, time, features), options and first states of a recurrent layer: `(shape, options, call)`."""
    units = draw(sizes(5))
    options = {"units": units, "activation": draw(st.sampled_from(("tanh", "relu", "linear")) | activations())}
    if gated:
        options["recurrent_activation"] = draw(st.just("sigmoid") | st.sampled_from(GATES))
    for flag in ("use_bias", "return_sequences", "return_state", "go_backwards", "zero_output_for_mask"):
        options[flag] = draw(st.booleans())
    options |= {key: draw(strategy) for key, strategy in more.items()}
    call = {"states": (states, units)} if draw(st.booleans()) else {}
    return (draw(sizes(4)), draw(sizes(5)), draw(sizes(4))), options, call
