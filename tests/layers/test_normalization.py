"""Normalization against Keras."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from scratchnn.layers import build_layer
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built
from tests.support.geometry import shapes
from tests.support.oracle import keras_module, layer_spec, scratch_layer, to_numpy

NUMBERS = st.sampled_from([0.0, 1.0, -2.5, 0.1, 100.0])
SPREADS = st.sampled_from([1.0, 0.1, 4.0, 1e-12, 0.0])


@st.composite
def normalization(draw):
    shape = draw(shapes(2, 4, size=4))
    axis = draw(st.sampled_from([-1, None, 1]) | st.lists(st.integers(1, len(shape) - 1), min_size=1, unique=True))
    options = {"axis": axis, "invert": draw(st.booleans())}
    if draw(st.booleans()):
        kept = [] if axis is None else sorted(n % len(shape) for n in np.atleast_1d(axis).tolist())
        sizes = draw(st.sampled_from([[], [shape[n] for n in kept][-1:]]))
        options["mean"] = draw(st.lists(NUMBERS, min_size=sizes[0], max_size=sizes[0])) if sizes else draw(NUMBERS)
        options["variance"] = (
            draw(st.lists(SPREADS, min_size=sizes[0], max_size=sizes[0])) if sizes else draw(SPREADS)
        )
    return shape, options


TestNormalization = layer_tests(
    Entry(
        "Normalization",
        normalization(),
        example=Case("Normalization", (2, 3, 4), {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [1.0, 2.0, 0.5, 4.0]}),
        branches={
            "inverted": (lambda run: run.case.options["invert"], 0.2),
            "of the config": (lambda run: "mean" in run.case.options, 0.2),
            "several axes": (lambda run: len(run.scratch.axes) > 1, 0.03),
        },
        refusals=[
            bad_config("axis", ConfigError, axis=3),
            bad_config("axis", ConfigError, axis=-4),
            bad_config("axis", ConfigError, axis=[True]),
            bad_config("same shape", ConfigError, mean=[1.0, 2.0, 3.0]),
            bad_config("mean.*numbers", ConfigError, mean="none"),
            bad_config("invert.*true or false", ConfigError, invert=1),
            bad_input("another number of channels", "expected 4 along axis", np.ones((2, 3, 5), np.float32)),
        ],
    )
)


@given(seed=st.integers(0, 1000), axis=st.sampled_from([-1, 1, None, (1, 2)]))
def test_measured_statistics_are_read(seed, axis):
    """What Keras's `adapt` leaves in the weights: mean, variance and count."""
    rng = np.random.default_rng(seed)
    layer = keras_module().layers.Normalization(axis=axis)
    layer.build((None, 3, 4))
    layer.adapt(rng.normal(2, 3, (5, 3, 4)).astype(np.float32))
    case = Case("Normalization", (2, 3, 4))
    scratch, x = scratch_layer(layer, case), rng.normal(2, 3, (2, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(scratch.forward(x), to_numpy(layer(x)), rtol=1e-5, atol=1e-5)  # adapted in float32
    for ours, theirs in zip(scratch.get_weights(), layer.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_axis_may_be_counted_from_either_end():
    """To the first and to the last axis that there is; the batch axis too, which Keras would refuse later."""
    numbers = {"mean": 1.0, "variance": 4.0}
    for axis in (0, 2, -1, -3):
        spec = replace(layer_spec(Case("Normalization", (2, 3, 4), numbers)), config={"axis": axis, **numbers})
        assert build_layer(spec, (None, 3, 4)).axes == (axis % 3,)


def test_the_inverse_gives_the_input_back():
    options = {"mean": [1.0, -2.0], "variance": [4.0, 0.25]}
    there, back = (built(Case("Normalization", (1, 2), options | {"invert": invert})) for invert in (False, True))
    x = np.array([[3.0, 5.0]])
    np.testing.assert_array_equal(back.forward(there.forward(x)), x)  # powers of two
