"""What the files of the pooling layers share: drawn windows."""

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
def global_pooling(draw, rank):
    data_format = draw(st.sampled_from(["channels_last", "channels_last", "channels_first"]))
    spatial = tuple(draw(sizes(6)) for _ in range(rank))
    options = {"keepdims": draw(st.booleans()), "data_format": data_format}
    return with_channels(draw(sizes(3)), spatial, draw(sizes(4)), data_format), options
