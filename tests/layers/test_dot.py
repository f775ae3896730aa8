"""Dot against Keras."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from scratchnn.layers import build_layer
from scratchnn.layers.dot import Dot
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import sizes
from tests.support.merging import check_masks, whole_numbers_test
from tests.support.oracle import layer_spec


@st.composite
def dotted(draw):
    ranks = [draw(st.integers(2, 4)) for _ in range(2)]
    axes = [draw(st.integers(1, rank - 1)) for rank in ranks]
    batch, size = draw(sizes(3)), draw(sizes(4))
    shapes = [
        (batch, *(size if place == axis else draw(sizes(3)) for place in range(1, rank)))
        for rank, axis in zip(ranks, axes, strict=True)
    ]
    given_axes = draw(st.sampled_from([tuple(axes), *([axes[0]] if axes[0] == axes[1] else [])]))
    return shapes, {"axes": given_axes, "normalize": draw(st.booleans())}


TestDot = layer_tests(
    Entry(
        "Dot",
        dotted(),
        example=Case("Dot", [(2, 3, 4), (2, 4, 5)], {"axes": (2, 1)}),
        exact=lambda case: not case.options["normalize"],
        branches={
            "normalized": (lambda run: run.case.options["normalize"], 0.2),
            "ranks that differ": (lambda run: len({len(shape) for shape in run.case.shape}) > 1, 0.2),
            "two of rank 2": (lambda run: [len(shape) for shape in run.case.shape] == [2, 2], 0.03),
            "axes that differ": (lambda run: len(set(np.atleast_1d(run.case.options["axes"]))) > 1, 0.1),
        },
        refusals=[
            bad_config("axes.*one or two integers", ConfigError, axes=[1, 2, 3]),
            bad_config("axes.*one or two integers", ConfigError, axes=1.5),
            bad_config("axes", InputError, axes=0),
            bad_config("same size in both", InputError, axes=(1, 1)),
            bad_config("normalize.*true or false", ConfigError, normalize=1),
            bad_input("three inputs", "expected 2 inputs", [np.ones((2, 3, 4))] * 3),
            bad_input("sizes that differ", "same size", [np.ones((2, 3, 4)), np.ones((2, 3, 5))]),
        ],
    )
)


@given(seed=st.integers(0, 1000), kind=st.sampled_from([None, "random", "full"]))
def test_masks_end_here(seed, kind):
    check_masks(Case("Dot", [(2, 3, 4), (2, 3, 4)], {"axes": 2}, seed=seed), [kind, "random"])


@pytest.mark.parametrize("size", [0.0, 1e-20, 3e-7, 1e-8, 1.0])
@pytest.mark.parametrize(("version", "limit"), [(1, 1e6), (2, 1e6), (3, 1e7)])
def test_short_vectors_are_not_blown_up_beyond_the_limit(size, version, limit):
    spec = replace(
        layer_spec(Case("Dot", [(1, 2), (1, 2)], {"axes": 1, "normalize": True})), keras_version=version
    )
    layer = build_layer(spec, [(None, 2), (None, 2)])
    x = np.full((1, 2), size)
    assert layer.forward([x, np.array([[1.0, 0.0]])])[0, 0] == pytest.approx(min(np.sqrt(0.5), size * limit))


test_whole_numbers_are_those_of_keras = whole_numbers_test("Dot", axes=1)


def test_the_limit_of_a_layer_made_by_hand_is_that_of_keras_3():
    assert Dot(1).longest == 1e7


def test_truth_values_stay_truth_values():
    x, y = np.array([[True, False], [False, True]]), np.array([[True, True], [True, False]])
    result = Dot(1).forward([x, y])
    assert (result.dtype, result.tolist()) == (np.dtype(bool), [[True], [False]])
