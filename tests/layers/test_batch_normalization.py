"""BatchNormalization against Keras, at inference."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built, call
from tests.support.geometry import shapes


@st.composite
def batch_normalization(draw):
    shape = draw(shapes(2, 4))
    options = {
        "axis": draw(st.sampled_from([-1, *range(1, len(shape))])),
        "epsilon": draw(st.sampled_from([1e-3, 1e-5, 0.5])),
        "center": draw(st.booleans()),
        "scale": draw(st.booleans()),
    }
    return shape, options


TestBatchNormalization = layer_tests(
    Entry(
        "BatchNormalization",
        batch_normalization(),
        example=Case("BatchNormalization", (2, 3, 4)),
        branches={
            "inner axis": (
                lambda run: run.case.options["axis"] not in (-1, len(run.case.shape) - 1), 0.1
            ),
            "scaled and centered": (lambda run: run.case.options["scale"] and run.case.options["center"], 0.1),
            "neither": (lambda run: not run.case.options["scale"] and not run.case.options["center"], 0.1),
        },
        inert=("momentum", "renorm_clipping", "renorm_momentum", "synchronized"),
        refusals=[
            bad_config("axis.*expected an axis", ConfigError, axis=3),
            bad_config("axis", ConfigError, axis=[1, 2]),
            bad_config("epsilon", ConfigError, epsilon="small"),
            bad_config("epsilon", ConfigError, epsilon=-1.0),
            bad_config("center.*true or false", ConfigError, center=0),
            bad_input("another number of channels", "expected 4 along axis", np.ones((2, 3, 5), np.float32)),
            bad_input("rank 1", "rank 2 or more", np.ones(4, np.float32), InputError),
        ],
    )
)  # fmt: skip


@given(seed=st.integers(0, 1000))
def test_the_moving_mean_becomes_beta(seed):
    case = Case("BatchNormalization", (3, 4), seed=seed)
    layer = built(case)
    x = np.broadcast_to(layer.moving_mean, (3, 4))
    np.testing.assert_array_equal(layer.forward(x), np.broadcast_to(layer.beta, (3, 4)))


@given(seed=st.integers(0, 1000))
def test_the_batch_has_no_say(seed):
    case = Case("BatchNormalization", (3, 4), seed=seed)
    layer = built(case)
    for row, whole in zip(case.inputs(), call(layer, case), strict=True):
        np.testing.assert_array_equal(layer.forward(row[None])[0], whole)
