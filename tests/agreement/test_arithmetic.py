"""Bounds hold for the machine's own float32 and float64: every operation, in every regime, in several orders."""

import numpy as np
import pytest

from scratchnn.agreement.arithmetic import Approx, Arithmetic, join
from scratchnn.agreement.compare import deviation
from scratchnn.agreement.functions import activate
from scratchnn.agreement.rules.base import Call, find_rule
from scratchnn.layers.average_pooling1d import AveragePooling1D
from scratchnn.layers.batch_normalization import BatchNormalization
from scratchnn.layers.dense import Dense
from scratchnn.layers.global_average_pooling1d import GlobalAveragePooling1D

from .random_calls import REGIMES, fill

SEEDS = range(40)


def operands(seed, dtype="float32", count=2):
    rng = np.random.default_rng(seed)
    regime = REGIMES[seed % len(REGIMES)]
    return [fill(rng, (4, 7), regime).astype(dtype) for _ in range(count)]


def assert_holds(observed, approx, factor=1.0):
    assert observed.dtype.kind == "f"
    result = deviation(observed, approx, factor)
    assert result.within, result


def flush(x):
    """x as TensorFlow sees it: zero below the normal range."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, np.zeros_like(x), x)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
@pytest.mark.parametrize("seed", SEEDS)
def test_elementwise_operations(name, seed):
    a, b = operands(seed)
    arithmetic = Arithmetic(np.float32)
    with np.errstate(all="ignore"):
        approx = getattr(arithmetic, name)(arithmetic.exact(a), arithmetic.exact(b))
        operation = getattr(np, name)
        assert_holds(operation(a, b), approx)
        assert_holds(flush(operation(flush(a), flush(b))), approx)


@pytest.mark.parametrize("seed", SEEDS)
def test_errors_of_the_operands_are_carried(seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal((4, 7)) + 3 for _ in range(2))
    errors = [rng.random((4, 7)) * 1e-3 for _ in range(2)]
    moved = [x + e * rng.choice([-1, 1], x.shape) for x, e in zip((a, b), errors, strict=True)]
    arithmetic = Arithmetic(np.float64)
    # The operands lie at the very ends, and the "exact" result is itself rounded in float64.
    room = 1 + 1e-9
    for name in ("add", "subtract", "multiply", "divide"):
        approx = getattr(arithmetic, name)(Approx(a, errors[0]), Approx(b, errors[1]))
        assert_holds(getattr(np, name)(*moved), approx, room)
        assert np.median(approx.error) < 0.05
    size = np.abs(a)
    moved_size = size + errors[0] * np.sign(moved[0] - a)
    assert_holds(np.sqrt(np.maximum(moved_size, 0)), arithmetic.sqrt(Approx(size, errors[0])), room)
    assert_holds(1 / np.sqrt(np.maximum(moved_size, 0)), arithmetic.rsqrt(Approx(size, errors[0])), room)
    assert_holds(moved[0].sum(1, keepdims=True), arithmetic.sum(Approx(a, errors[0]), 1), room)


@pytest.mark.parametrize("seed", SEEDS)
def test_roots_and_sums_in_any_order(seed):
    (a,) = operands(seed, count=1)
    arithmetic = Arithmetic(np.float32)
    with np.errstate(all="ignore"):
        exact = arithmetic.exact(np.abs(a))
        assert_holds(np.sqrt(np.abs(a)), arithmetic.sqrt(exact))
        total = arithmetic.sum(arithmetic.exact(a), 1)
        for order in (a, a[:, ::-1], np.sort(a, axis=1)):
            running = np.zeros(4, np.float32)
            for column in order.T:
                running = running + column
            assert_holds(running[:, None], total)
        assert_holds(a.mean(1, keepdims=True), arithmetic.mean(arithmetic.exact(a), 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_dot_products_in_any_order_and_flushed(seed):
    rng = np.random.default_rng(seed)
    regime = REGIMES[seed % len(REGIMES)]
    x, W, b = (fill(rng, shape, regime) for shape in ((3, 9), (9, 4), (4,)))
    layer = Dense(9, 4, None, dtype=np.float64)
    layer.set_weights(W.astype(np.float64), b.astype(np.float64))
    arithmetic = Arithmetic(np.float32)
    with np.errstate(all="ignore"):
        approx = arithmetic.dot(layer, arithmetic.exact(x), lambda it, given: it.linear(given))
        assert_holds(x @ W + b, approx)
        assert_holds(b + x[:, ::-1] @ W[::-1], approx)
        assert_holds(flush(flush(flush(x) @ flush(W)) + flush(b)), approx)


def test_a_dot_product_bound_is_sharp():
    """A few units of its own size, not a thousand: a bound that is too wide sees nothing."""
    layer = Dense(8, 4, None, dtype=np.float64)
    x = np.random.default_rng(1).standard_normal((5, 8))
    arithmetic = Arithmetic(np.float32)
    approx = arithmetic.dot(layer, arithmetic.exact(x), lambda it, given: it.linear(given))
    assert np.all(approx.error <= 11 * 2.0**-24 * (np.abs(x) @ np.abs(layer.W)) + 1e-30)


def test_overflow_on_the_way_leaves_no_bound():
    arithmetic = Arithmetic(np.float32)
    big = arithmetic.exact(np.array([3e38]))
    assert np.isinf(arithmetic.add(big, big).error[0])
    assert np.isinf(arithmetic.multiply(big, big).error[0])
    difference = arithmetic.subtract(arithmetic.add(big, big), big)  # inf - 3e38 in float32
    assert np.isinf(difference.error[0])
    assert np.isinf(arithmetic.sum(arithmetic.exact(np.array([[3e38, 3e38, -3e38]])), 1).error[0, 0])


def test_infinities_of_the_input_are_exact():
    arithmetic = Arithmetic(np.float32, finite=False)
    x = arithmetic.exact(np.array([np.inf, -np.inf, np.nan, 1.0]))
    result = arithmetic.add(x, arithmetic.exact(np.ones(4)))
    assert np.array_equal(result.value, [np.inf, -np.inf, np.nan, 2.0], equal_nan=True)
    assert np.array_equal(result.error[:3], np.zeros(3))
    assert 0 < result.error[3] < 1e-6


def test_infinities_of_the_input_that_meet_an_overflow_have_no_bound():
    """inf - (3e38 + 3e38) may be inf or NaN: float32 has no number for what is taken off."""
    arithmetic = Arithmetic(np.float32, finite=False)
    infinite, big, one = (arithmetic.exact(np.array([number])) for number in (np.inf, -3e38, 1.0))
    over = arithmetic.add(big, big)
    assert np.isinf(over.error[0])
    with np.errstate(all="ignore"):
        results = {
            "add": arithmetic.add(infinite, over),
            "subtract": arithmetic.subtract(over, infinite),
            "multiply": arithmetic.multiply(infinite, over),
            "divide": arithmetic.divide(infinite, over),
            "sum": arithmetic.sum(join([infinite, big, big]), -1),
            "sum of what has no bound": arithmetic.sum(join([infinite, over, one]), -1),
            "bilinear": arithmetic.bilinear(
                join([infinite, big]), join([one, arithmetic.exact(4 * one.value)]), np.vdot, 2
            ),
            "relu": activate(arithmetic, "relu", arithmetic.add(infinite, over)),
            "softmax": activate(arithmetic, "softmax", join([over, arithmetic.add(infinite, over)])),
        }
    for name, result in results.items():
        assert np.isinf(result.error).all(), name


@pytest.mark.parametrize(("x", "bound"), [([np.inf, 1, 1], 0), ([np.inf, -3e38, 1], np.inf)])
def test_a_dot_product_of_infinities_and_of_what_overflows(x: list[float], bound: float):
    layer = Dense(3, 1, None, dtype=np.float64)
    layer.set_weights(np.array([[1.0], [2.0], [np.inf]]), np.ones(1))
    arithmetic = Arithmetic(np.float32, finite=False)
    with np.errstate(all="ignore"):
        result = arithmetic.dot(layer, arithmetic.exact(np.array([x])), lambda it, given: it.linear(given))
    assert not np.isfinite(result.value[0, 0])
    assert result.error[0, 0] == bound


# -3e38 - 3e38 + inf, and inf · scale - mean · scale: the infinity may meet an overflow of the other sign.
OVERFLOWING = {
    "windows": (AveragePooling1D(3, 3, dtype=np.float64), [[[-3e38], [-3e38], [np.inf]]]),
    "axes": (GlobalAveragePooling1D(dtype=np.float64), [[[-3e38], [-3e38], [np.inf]]]),
    "affine": (BatchNormalization([1e30], [0.0], [1e10], dtype=np.float64), [[np.inf]]),
}


@pytest.mark.parametrize("name", OVERFLOWING)
def test_rules_leave_infinities_that_meet_an_overflow_without_a_bound(name: str):
    layer, x = OVERFLOWING[name]
    call = Call(layer, (np.array(x),), {}, None, Arithmetic(np.float32, finite=False))
    with np.errstate(all="ignore"):
        (result,) = find_rule(layer)(call)
    assert np.isinf(result.error).all()


@pytest.mark.parametrize("name", ["windows", "axes"])
def test_rules_have_a_bound_for_an_infinity_alone(name: str):
    layer, _ = OVERFLOWING[name]
    call = Call(layer, (np.array([[[1.0], [2.0], [np.inf]]]),), {}, None, Arithmetic(np.float32, finite=False))
    (result,) = find_rule(layer)(call)
    assert result.value == np.inf
    assert result.error == 0
