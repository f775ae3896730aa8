"""The layers that do something in training only: identity at inference, as in Keras."""

from hypothesis import strategies as st

from tests.support import Case, Entry, layer_tests
from tests.support.geometry import shapes

RATE = {"rate": st.sampled_from([0.0, 0.3, 0.9])}
STDDEV = {"stddev": st.sampled_from([0.1, 0.9])}
# Layer: ranks of its input, options, the options that matter in training only.
LAYERS = {
    "SpatialDropout1D": (3, 3, RATE),
    "SpatialDropout2D": (4, 4, RATE),
    "SpatialDropout3D": (5, 5, RATE),
    "AlphaDropout": (1, 4, RATE),
    "GaussianDropout": (1, 4, RATE),
    "GaussianNoise": (1, 4, STDDEV),
    "ActivityRegularization": (1, 4, {"l1": st.sampled_from([0.0, 0.1]), "l2": st.sampled_from([0.0, 0.1])}),
    "Identity": (1, 4, {}),
}


def entry(layer, smallest, largest, options):
    example = dict.fromkeys(options, 0.1)
    return Entry(
        layer,
        st.tuples(shapes(smallest, largest, size=4), st.fixed_dictionaries(options)),
        example=Case(layer, (2, 3, 4, 5, 6)[:largest], example),
        exact=True,
        inert=("rate", "noise_shape", "stddev", "data_format", "l1", "l2"),
        any_rank=True,
        cost=3,  # they are simple, not dear: a third of the examples is enough
    )


TestSpatialDropout1D = layer_tests(entry("SpatialDropout1D", *LAYERS["SpatialDropout1D"]))
TestSpatialDropout2D = layer_tests(entry("SpatialDropout2D", *LAYERS["SpatialDropout2D"]))
TestSpatialDropout3D = layer_tests(entry("SpatialDropout3D", *LAYERS["SpatialDropout3D"]))
TestAlphaDropout = layer_tests(entry("AlphaDropout", *LAYERS["AlphaDropout"]))
TestGaussianDropout = layer_tests(entry("GaussianDropout", *LAYERS["GaussianDropout"]))
TestGaussianNoise = layer_tests(entry("GaussianNoise", *LAYERS["GaussianNoise"]))
TestActivityRegularization = layer_tests(entry("ActivityRegularization", *LAYERS["ActivityRegularization"]))
TestIdentity = layer_tests(entry("Identity", *LAYERS["Identity"]))
