"""Softmax against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.checks import built, call
from tests.support.entry import MASKS
from tests.support.geometry import shapes


@st.composite
def softmax(draw):
    shape = draw(shapes(2, 4))
    axes = [-1, *range(1, len(shape))]
    several = st.lists(st.sampled_from(range(1, len(shape))), min_size=min(2, len(shape) - 1), unique=True)
    axis = draw(st.sampled_from(axes) | several)
    # Keras takes a mask of the input's shape; the suite draws masks of two axes.
    kind = draw(st.sampled_from(MASKS)) if len(shape) == 2 and axis in (-1, 1) else None
    return shape, {"axis": axis}, {} if kind is None else {"mask": kind}


TestSoftmax = layer_tests(
    Entry(
        "Softmax",
        softmax(),
        example=Case("Softmax", (2, 3, 4)),
        branches={
            "inner axis": (lambda run: run.case.options["axis"] not in (-1, len(run.case.shape) - 1), 0.2),
            "several axes": (lambda run: np.size(run.case.options["axis"]) > 1, 0.03),
            "mask": (lambda run: "mask" in run.case.call, 0.1),
            "neither 0 nor 1": (lambda run: ((run.output > 0.01) & (run.output < 0.99)).any(), 0.3),
        },
        refusals=[
            bad_config("axis.*integers", ConfigError, axis="last"),
            bad_config("axis.*integers", ConfigError, axis=[]),
            bad_config("axis.*integers", ConfigError, axis=True),
        ],
        any_rank=True,
    )
)


@given(seed=st.integers(0, 1000), shift=st.sampled_from([64.0, -32.0]))
def test_adding_a_constant_changes_nothing(seed, shift):
    case = Case("Softmax", (2, 5), regime="integer", seed=seed)
    layer = built(case)
    np.testing.assert_array_equal(layer.forward(case.inputs() + np.float32(shift)), call(layer, case))


def test_large_logits_do_not_overflow():
    layer = built(Case("Softmax", (1, 2)))
    assert layer.forward(np.array([[1000.0, 1000.0]], np.float32)).tolist() == [[0.5, 0.5]]
