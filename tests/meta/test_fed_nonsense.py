"""Whatever the judge is fed, nonsense is never an agreement: NaN, empty, swapped, other dtypes, other shapes."""

import numpy as np
import pytest

from scratchnn.agreement import Channel, Verdict, check_call
from scratchnn.errors import ScratchnnError, UnsupportedError
from scratchnn.layers.base import LAYERS, Layer
from scratchnn.layers.dense import Dense
from scratchnn.layers.lstm import LSTM

RNG = np.random.default_rng(4)
LAYER = Dense(4, 3, "sigmoid")
X = RNG.standard_normal((5, 4)).astype(np.float32)
RIGHT, RIGHT64 = LAYER(X), LAYER.astype(np.float64)(X.astype(np.float64))


def judge(reference=RIGHT, layer=LAYER, x=X, **options):
    return check_call(layer, (x,), {}, None, reference, **{"reference64": RIGHT64, **options})


def with_one(array, value):
    changed = array.copy()
    changed.flat[7] = value
    return changed


def test_the_right_result_agrees():
    result = judge(exact=True, candidate=RIGHT)
    assert result.verdict is Verdict.AGREE
    assert (result.size, result.unconstrained, result.max_error) == (15, 0, 0.0)


NONSENSE = {
    "NaN": np.nan,
    "inf": np.inf,
    "-inf": -np.inf,
    "the largest number": np.finfo(np.float32).max,
    "a smallest number": 1e-45,
    "another number": 0.123,
}


@pytest.mark.parametrize("value", NONSENSE.values(), ids=NONSENSE)
def test_one_element_of_the_candidate(value):
    result = judge(candidate=with_one(RIGHT, value))
    assert result.verdict is Verdict.SCRATCH_OFF
    assert result.where == (2, 1)


@pytest.mark.parametrize("value", NONSENSE.values(), ids=NONSENSE)
def test_one_element_of_keras(value):
    """Keras's own float64 result bears scratchnn out."""
    result = judge(with_one(RIGHT, value))
    assert (result.verdict, result.channel) == (Verdict.KERAS_OFF, Channel.C32)
    assert result.where == (2, 1)


@pytest.mark.parametrize("value", NONSENSE.values(), ids=NONSENSE)
def test_one_element_of_both(value):
    assert judge(with_one(RIGHT, value), candidate=with_one(RIGHT, value)).verdict is Verdict.BOTH_OFF


@pytest.mark.parametrize("value", NONSENSE.values(), ids=NONSENSE)
def test_one_element_of_keras_in_float64(value):
    result = judge(reference64=with_one(RIGHT64, value))
    assert (result.verdict, result.channel) == (Verdict.SCRATCH_OFF, Channel.C64)


def test_keras_is_not_accused_without_a_witness():
    result = judge(with_one(RIGHT, 0.5), reference64=None)
    assert result.verdict is Verdict.SCRATCH_OFF
    assert "float64" in result.reason


@pytest.mark.parametrize("side", ["candidate", "reference", "both", "reference64"])
def test_nothing_but_nan(side):
    nothing = np.full_like(RIGHT, np.nan)
    options = {
        "candidate": {"candidate": nothing},
        "reference": {"reference": nothing},
        "both": {"candidate": nothing, "reference": nothing},
        "reference64": {"reference64": np.full_like(RIGHT64, np.nan)},
    }[side]
    assert not judge(**options).agrees


def test_one_ulp_is_seen_where_bits_must_be_equal():
    off = with_one(RIGHT, np.nextafter(RIGHT.flat[7], np.float32(2)))
    assert judge(candidate=off).agrees
    layer = Dense(4, 3, None).map_weights(lambda array: np.round(4 * array))
    x = np.round(4 * X)
    right = layer(x)
    off = with_one(right, np.nextafter(right.flat[7], np.float32(99)))
    assert check_call(layer, (x,), {}, None, right, exact=True).agrees
    result = check_call(layer, (x,), {}, None, right, exact=True, candidate=off)
    assert (result.verdict, result.channel) == (Verdict.SCRATCH_OFF, Channel.Z)


@pytest.mark.parametrize(
    "shape", [(5, 3, 1), (1, 5, 3), (3, 5), (15,), (5, 1), (1, 3), (), (4, 3), (5, 0), (0, 3)]
)
def test_another_shape(shape):
    other = np.resize(RIGHT, shape) if np.prod(shape) else np.zeros(shape, np.float32)
    assert judge(candidate=other).verdict is Verdict.SCRATCH_OFF
    assert not judge(other).agrees
    assert not judge(reference64=other.astype(np.float64)).agrees


@pytest.mark.parametrize("dtype", ["float16", "float64", "int32", "complex64"])
def test_a_silent_change_of_dtype(dtype):
    assert judge(candidate=RIGHT.astype(dtype)).verdict is Verdict.SCRATCH_OFF
    assert not judge(RIGHT.astype(dtype)).agrees


def test_a_float64_reference_is_no_float32_reference():
    result = judge(RIGHT64)
    assert result.verdict is Verdict.KERAS_OFF
    assert "float64" in result.reason


def test_a_float32_witness_is_no_float64_witness():
    assert not judge(reference64=RIGHT).agrees


def test_an_operation_that_stays_in_float32_is_judged_as_float64():
    """Its float64 witness does so too, and is off by a step of float32, which float32 would allow."""

    class Exp(LAYERS["ops.Exp"]):
        def forward(self, x):
            return super().forward(x).astype(np.float32)

    exp, right = Exp(name="exp"), np.exp(X)
    off = np.nextafter(exp(X.astype(np.float64)), np.float32(np.inf))
    assert judge(off, exp, reference64=None).agrees
    assert not judge(right, exp, reference64=off).agrees


def test_a_layer_that_turns_float32_into_float64():
    class Widens(Dense):
        def forward(self, x):
            return super().forward(np.asarray(x, np.float64))

    layer = Widens(4, 3, "sigmoid")
    assert judge(layer=layer).verdict is Verdict.SCRATCH_OFF


@pytest.mark.parametrize("outputs", [(RIGHT, RIGHT), (), [RIGHT] * 3])
def test_another_number_of_outputs(outputs):
    assert not judge(candidate=outputs).agrees
    assert not judge(outputs).agrees


@pytest.mark.parametrize(
    ("args", "reference"), [((RIGHT,), X), ((X.T,), RIGHT), ((X[:3],), RIGHT), ((RIGHT,), RIGHT)]
)
def test_swapped_arguments(args, reference):
    """Input and output swapped, transposed, of other samples: an error of its own or no agreement."""
    try:
        result = check_call(LAYER, args, {}, None, reference)
    except ScratchnnError:
        return
    assert not result.agrees


def test_reference_and_candidate_of_other_samples():
    assert not judge(RIGHT[::-1]).agrees
    assert not judge(candidate=RIGHT[::-1]).agrees


def test_empty_arrays():
    layer = Dense(4, 3, None)
    with pytest.raises(ScratchnnError, match="empty"):
        check_call(layer, (np.zeros((0, 4), np.float32),), {}, None, np.zeros((0, 3), np.float32))
    nothing = np.zeros((0, 3), np.float32)
    result = check_call(layer, (X,), {}, None, nothing, candidate=nothing)
    assert not result.agrees
    assert "nothing to compare" in result.reason


def test_a_layer_without_a_rule_is_refused():
    class Bare(Layer):
        bound = "wishful thinking"

        def forward(self, x):
            return x

    with pytest.raises(UnsupportedError, match="no rule 'wishful thinking'"):
        check_call(Bare(), (X,), {}, None, X)


def test_an_activation_without_a_constant_is_refused():
    with pytest.raises(UnsupportedError, match="no bound is known"):
        judge(layer=Dense(4, 3, np.sinh))


def test_every_layer_of_the_registry_names_a_rule():
    from scratchnn.agreement.rules import RULES

    missing = {name: getattr(layer, "bound", None) for name, layer in LAYERS.items()}
    assert {name: bound for name, bound in missing.items() if bound not in RULES} == {}


def test_every_activation_has_a_constant():
    from scratchnn import activations
    from scratchnn.agreement.arithmetic import Approx, Arithmetic
    from scratchnn.agreement.functions import activate

    z = Approx(RNG.standard_normal((3, 4)), np.full((3, 4), 1e-7))
    for name in activations.ACTIVATIONS:
        result = activate(Arithmetic(np.float32), name, z)
        assert np.all(result.error >= 0), name
        assert np.all(result.error < 1e-3) or name in ("hard_shrink", "sparsemax"), name


def test_a_bound_that_moves_does_not_hide_a_wrong_state():
    """The hidden cell state is carried, so a wrong one shows in the outputs that follow."""
    layer = LSTM(4, 3, return_sequences=True, return_state=True)
    x = RNG.standard_normal((2, 6, 4)).astype(np.float32)
    sequence, h, c = layer(x)
    assert check_call(layer, (x,), {}, None, (sequence, h, c)).agrees
    assert not check_call(layer, (x,), {}, None, (sequence, h, c), candidate=(sequence, c, h)).agrees
    assert not check_call(layer, (x,), {}, None, (sequence, h, c), candidate=(sequence, h, 1.001 * c)).agrees
    assert not check_call(layer, (x,), {}, None, (sequence, h, c), candidate=(sequence, h + 1e-5, c)).agrees
