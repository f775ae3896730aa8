"""Rescaling against Keras."""

from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.geometry import shapes

NUMBERS = st.sampled_from([1 / 255, 2.0, -0.5, 0.1])


@st.composite
def rescaling(draw):
    shape = draw(shapes(2, 4))
    channels = st.lists(NUMBERS, min_size=shape[-1], max_size=shape[-1])
    return shape, {"scale": draw(NUMBERS | channels), "offset": draw(st.just(0.0) | NUMBERS | channels)}


TestRescaling = layer_tests(
    Entry(
        "Rescaling",
        rescaling(),
        example=Case("Rescaling", (2, 3, 4), {"scale": 0.5, "offset": 1.0}),
        branches={
            "an offset": (lambda run: run.case.options["offset"] != 0.0, 0.2),
            "a scale for each channel": (lambda run: isinstance(run.case.options["scale"], list), 0.1),
        },
        refusals=[
            bad_config("scale.*numbers", ConfigError, scale="half"),
            bad_config("offset.*numbers", ConfigError, offset=[[1.0]]),
        ],
        any_rank=True,
        cost=0.7,
    )
)
