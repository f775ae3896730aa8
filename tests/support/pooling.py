"""What the files of the pooling layers share: drawn windows."""

from hypothesis import assume
from hypothesis import strategies as st

from tests.support.geometry import sizes, windows, with_channels


@st.composite
def pooling(draw, rank):
    spatial, pool, options = draw(windows(rank, dilate=False))
    data_format = draw(st.sampled_from(["channels_last", "channels_last", "channels_first"]))
    strides = options.pop("strides")
    options |= {"pool_size": pool, "data_format": data_format}
    if draw(st.booleans()):
        options["strides"] = strides
    return with_channels(draw(sizes(3)), spatial, draw(sizes(4)), data_format), options


@st.composite
def volumes(draw):
    """3D windows that TensorFlow places where it says: on the CPU it does not where strides lie beyond windows.

    It takes `padding / 2` positions off the front even where that is negative, and starts inside the input, in 3D
    alone (docs/findings.md; test_max_pooling3d.py).
    """
    shape, options = draw(pooling(3))
    sizes_ = shape[2:] if options["data_format"] == "channels_first" else shape[1:-1]
    axes = zip(sizes_, options["pool_size"], options.get("strides", options["pool_size"]), strict=True)
    missing = [(-(-size // stride) - 1) * stride + window - size for size, window, stride in axes]
    assume(options["padding"] == "valid" or min(missing) >= -1)
    return shape, options


@st.composite
def global_pooling(draw, rank):
    data_format = draw(st.sampled_from(["channels_last", "channels_last", "channels_first"]))
    spatial = tuple(draw(sizes(6)) for _ in range(rank))
    options = {"keepdims": draw(st.booleans()), "data_format": data_format}
    return with_channels(draw(sizes(3)), spatial, draw(sizes(4)), data_format), options
