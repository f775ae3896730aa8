"""GroupNormalization against Keras."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built
from tests.support.geometry import shapes, sizes


@st.composite
def group_normalization(draw):
    shape = list(draw(shapes(2, 4, size=4)))
    axis = draw(st.integers(1, len(shape) - 1))
    groups = draw(sizes(3))
    shape[axis] = groups * draw(sizes(3))
    return tuple(shape), {
        "groups": draw(st.sampled_from([groups, groups, -1])),
        "axis": draw(st.sampled_from([axis, axis - len(shape)])),
        "epsilon": draw(st.sampled_from([1e-3, 1e-5, 0.5])),
        "center": draw(st.booleans()),
        "scale": draw(st.booleans()),
    }


TestGroupNormalization = layer_tests(
    Entry(
        "GroupNormalization",
        group_normalization(),
        example=Case("GroupNormalization", (2, 3, 4), {"groups": 2}),
        branches={
            "several groups": (lambda run: run.scratch.groups > 1, 0.2),
            "inner axis": (
                lambda run: run.case.options["axis"] not in (-1, len(run.case.shape) - 1), 0.1
            ),
            "one group a channel": (lambda run: run.case.options["groups"] == -1, 0.1),
        },
        refusals=[
            bad_config("axis", ConfigError, axis=3),
            bad_config("axis", ConfigError, axis=[1, 2]),
            bad_config("groups.*divisor of the 4", ConfigError, groups=3),
            bad_config("groups", ConfigError, groups=0),
            bad_config("groups", ConfigError, groups=-2),
            bad_config("epsilon", ConfigError, epsilon="small"),
            bad_config("scale.*true or false", ConfigError, scale=0),
            bad_input("another number of channels", "expected 4 along axis", np.ones((2, 3, 6), np.float32)),
            bad_input("rank 1", "rank 2 or more", np.ones(4, np.float32), InputError),
        ],
    )
)  # fmt: skip


@given(seed=st.integers(0, 1000))
def test_the_groups_do_not_see_each_other(seed):
    case = Case("GroupNormalization", (2, 3, 4), {"groups": 2}, seed=seed)
    layer, x = built(case), case.inputs().copy()
    before = layer.forward(x)
    x[..., 2:] += 5
    np.testing.assert_array_equal(layer.forward(x)[..., :2], before[..., :2])
