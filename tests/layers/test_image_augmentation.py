"""The layers that change images in training only: identity at inference, as in Keras."""

from hypothesis import strategies as st

from scratchnn.layers.image_augmentation import TRAINING_KEYS
from tests.support import Case, Entry, layer_tests
from tests.support.geometry import sizes

FACTOR = {"factor": st.sampled_from([0.1, 0.4])}
OPTIONS = {
    "RandomBrightness": FACTOR,
    "RandomContrast": FACTOR,
    "RandomFlip": {"mode": st.sampled_from(["horizontal", "vertical", "horizontal_and_vertical"])},
    "RandomRotation": FACTOR,
    "RandomTranslation": {"height_factor": st.just(0.2), "width_factor": st.just(0.3)},
    "RandomZoom": {"height_factor": st.just(0.2), "width_factor": st.just(0.3)},
}
EXAMPLES = {
    "RandomFlip": {"mode": "horizontal"},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.3},
    "RandomZoom": {"height_factor": 0.2, "width_factor": 0.3},
}


def entry(layer):
    inference = {"training": False}  # called without it, these layers take it for granted that they train
    geometry = st.tuples(
        st.tuples(sizes(3), sizes(5), sizes(5), st.just(3)),
        st.fixed_dictionaries(OPTIONS[layer]),
        st.just(inference),
    )
    return Entry(
        layer,
        geometry,
        example=Case(layer, (2, 4, 5, 3), EXAMPLES.get(layer, {"factor": 0.2}), call=inference),
        regimes=["normal", "integer", "constant", "saturated"],
        exact=True,
        inert=TRAINING_KEYS,
        any_rank=True,
        in_file=layer != "RandomBrightness",  # Keras fails to write it into an .h5 file: it pickles a module
        cost=5,  # they are simple, not dear: a fifth of the examples is enough
    )


TestRandomBrightness = layer_tests(entry("RandomBrightness"))
TestRandomContrast = layer_tests(entry("RandomContrast"))
TestRandomFlip = layer_tests(entry("RandomFlip"))
TestRandomRotation = layer_tests(entry("RandomRotation"))
TestRandomTranslation = layer_tests(entry("RandomTranslation"))
TestRandomZoom = layer_tests(entry("RandomZoom"))
