"""Reshape against Keras."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from scratchnn.layers.reshape import Reshape
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import shapes
from tests.support.oracle import keras_layer


@st.composite
def reshape(draw):
    shape = draw(shapes(2, 4, size=4))
    size = math.prod(shape[1:])
    target, left = [], size
    for _ in range(draw(st.integers(0, 3))):
        factor = draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0]))
        target.append(factor)
        left //= factor
    target.append(left)
    if draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = draw(st.sampled_from([-1, None]))
    return shape, {"target_shape": tuple(target)}


TestReshape = layer_tests(
    Entry(
        "Reshape",
        reshape(),
        example=Case("Reshape", (2, 3, 4), {"target_shape": (6, 2)}),
        exact=True,
        branches={
            "an open axis": (lambda run: -1 in run.scratch.target_shape, 0.1),
            "rank above 2": (lambda run: len(run.case.options["target_shape"]) > 1, 0.2),
        },
        refusals=[
            bad_config("target_shape.*integers", ConfigError, target_shape=(2.0, 6)),
            bad_config("at most one -1", ConfigError, target_shape=(-1, -1)),
            bad_config("target_shape", ConfigError, target_shape=(0, 12)),
            bad_config("target_shape.*integers", ConfigError, target_shape=(True, 12)),
            bad_config("target_shape.*missing", ConfigError, remove=["target_shape"]),
            bad_input("another size", "15 elements", np.ones((2, 3, 5), np.float32), InputError),
        ],
        # Keras leaves a size open that is None in the target.
        shape_of_keras=lambda case: None not in case.options["target_shape"],
        cost=0.7,
    )
)


@pytest.mark.parametrize("shape", [(5, None, 4), (None, None, 4), (5, 3, 4), (None, 3, 4), (5, None)])
@pytest.mark.parametrize("target", [(-1, 2), (2, -1), (-1,), (6, 2)])
def test_open_sizes_are_those_of_keras(shape, target):
    keras = keras_layer(Case("Reshape", (2, 3, 4), {"target_shape": target}))
    assert Reshape(target).output_shape(shape) == keras.compute_output_shape(shape)
