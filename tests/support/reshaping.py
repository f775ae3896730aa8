"""What the files of ZeroPadding, Cropping and UpSampling share: drawn shapes and options."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError

from .case import Case
from .entry import Entry, bad_config, bad_input
from .geometry import sizes, with_channels


@st.composite
def margins(draw, rank, key):
    """Shape and margins: one number, one for each axis, or two for each axis."""
    ends = tuple((draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in range(rank))
    kind = draw(st.sampled_from(["pairs", "pairs", "one each", "one"]))
    if kind == "one":
        ends = (ends[0][:1] * 2,) * rank
    elif kind == "one each":
        ends = tuple((before, before) for before, _ in ends)
    short = {"pairs": ends[0] if rank == 1 else ends, "one each": tuple(before for before, _ in ends)}
    given = short.get(kind, ends[0][0])
    if rank == 1 and kind == "one each":
        given = ends[0]
    cut = [sum(pair) if key == "cropping" else 0 for pair in ends]
    spatial = tuple(draw(sizes(4)) + lost for lost in cut)
    options = {key: given}
    data_format = draw(st.sampled_from(["channels_last", "channels_last", "channels_first"]))
    if (rank, key) == (1, "cropping"):
        data_format = "channels_last"  # it has no such option
    else:
        options["data_format"] = data_format
    return with_channels(draw(sizes(3)), spatial, draw(sizes(3)), data_format), options


def margins_entry(layer, key, shape, ends):
    """The entry of a layer with margins, the option `key`; shape and ends are those of its example."""
    rank = len(shape) - 2
    branches = {
        "ends that differ": (lambda run: any(a != b for a, b in run.scratch.margins), 0.2),
        "an end of 0": (lambda run: any(0 in pair for pair in run.scratch.margins), 0.1),
    }
    refusals = [
        bad_config(f"{key}.*non-negative integers", ConfigError, **{key: -1}),
        bad_config(f"{key}.*non-negative integers", ConfigError, **{key: ((1, 2),) * (rank + 1)}),
        bad_config(key, ConfigError, **{key: "one"}),
        bad_input("another rank", f"rank {len(shape)}", np.ones(shape[1:], np.float32)),
    ]
    if key == "cropping":
        refusals.append(bad_config("leaves nothing", InputError, cropping=max(shape)))
    if (rank, key) != (1, "cropping"):  # it alone has no such option
        branches["channels first"] = (lambda run: run.case.options["data_format"] == "channels_first", 0.1)
        refusals.append(bad_config("data_format", UnsupportedError, data_format="first"))
    example = Case(layer, shape, {key: ends})
    return Entry(layer, margins(rank, key), example=example, exact=True, branches=branches, refusals=refusals)


@st.composite
def up_sampling(draw, rank):
    """Shape and size, one integer for all axes or one for each."""
    size = tuple(draw(sizes(3)) for _ in range(rank))
    options = {"size": size[0] if rank == 1 or draw(st.booleans()) else size}
    data_format = "channels_last"
    if rank > 1:
        data_format = options["data_format"] = draw(st.sampled_from(["channels_last", "channels_first"]))
    if rank == 2:
        options["interpolation"] = draw(st.sampled_from(["nearest", "bilinear"]))
    spatial = tuple(draw(sizes(5)) for _ in range(rank))
    return with_channels(draw(sizes(3)), spatial, draw(sizes(3)), data_format), options
