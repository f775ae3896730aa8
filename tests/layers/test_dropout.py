"""Dropout: identity at inference, as in Keras; in training, where bits cannot agree, its statistics do.

Every test of a statistic has an error probability of 1e-9 over the choice of the seed, by the normal approximation
(two-sided, 6.11 standard deviations). There are fewer than 100 of them: the whole file raises a false alarm with a
probability below 1e-7. The seeds are fixed, so a failure is repeatable.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from scratchnn import Dropout
from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.geometry import shapes


@st.composite
def dropout(draw):
    shape, options = draw(shapes(1, 4)), {"rate": draw(st.sampled_from([0.0, 0.3, 0.9]))}
    if draw(st.booleans()):
        options["noise_shape"] = tuple(draw(st.sampled_from([None, 1, size])) for size in shape)
    return shape, options


TestDropout = layer_tests(
    Entry(
        "Dropout",
        dropout(),
        example=Case("Dropout", (2, 3, 4), {"rate": 0.4}),
        exact=True,
        refusals=[
            bad_config("rate.*missing", ConfigError, remove=["rate"]),
            bad_config("option 'rate'", ConfigError, rate=1.5),
            bad_config("option 'rate'", ConfigError, rate=-0.1),
            bad_config("rate", ConfigError, rate="half"),
            *(bad_config("noise_shape.*sizes or nulls", ConfigError, noise_shape=shape)
              for shape in ([None, 0, 4], [True, 3, 4], [2.0, 3, 4], 3, "234")),
        ],
        any_rank=True,
        cost=0.7,
    )
)  # fmt: skip

LIMIT = 6.11  # standard deviations: 1e-9, two-sided
SHAPE = (40, 50, 60)
RATES = (0.1, 0.25, 0.5, 0.8, 0.99)


def ours(rate, seed=7, calls=1, **options):
    """Outputs for ones, in training."""
    layer = Dropout(rate, seed=seed, **options)
    return [layer(np.ones(SHAPE, np.float32), training=True) for _ in range(calls)]


def of_keras(rate, seed=7, calls=1, **options):
    import keras

    layer = keras.layers.Dropout(rate, seed=seed, **options)
    return [np.asarray(layer(np.ones(SHAPE, np.float32), training=True)) for _ in range(calls)]


SIDES = pytest.mark.parametrize("drop", [ours, of_keras], ids=["scratchnn", "keras"])


def deviations(count, trials, probability):
    """How many standard deviations a binomial count is from its mean."""
    return (count - trials * probability) / np.sqrt(trials * probability * (1 - probability))


def assert_uncorrelated(a, b):
    """The correlation of two independent arrays of n elements is normal with variance 1/n."""
    a, b = a.ravel().astype(float), b.ravel().astype(float)
    correlation = np.corrcoef(a, b)[0, 1]
    assert abs(correlation) * np.sqrt(a.size) < LIMIT


@SIDES
@pytest.mark.parametrize("rate", RATES)
def test_rate(drop, rate):
    (y,) = drop(rate)
    assert abs(deviations((y == 0).sum(), y.size, rate)) < LIMIT


@pytest.mark.parametrize("rate", RATES)
def test_both_sides_drop_as_many(rate):
    counts = [(drop(rate)[0] == 0).sum() for drop in (ours, of_keras)]
    trials = np.prod(SHAPE)
    assert abs(counts[0] - counts[1]) / np.sqrt(2 * trials * rate * (1 - rate)) < LIMIT


@pytest.mark.parametrize("rate", RATES)
def test_scaling_is_keras_s_to_the_last_bits(rate):
    """What is kept is x / (1 - rate), by one rounding more or less."""
    kept = [y[y != 0] for y in (ours(rate)[0], of_keras(rate)[0])]
    for values in kept:
        assert len(np.unique(values)) == 1
        assert abs(values[0] * (1 - rate) - 1) <= 4 * 2.0**-24
        assert values.dtype == np.float32
    assert abs(kept[0][0] / kept[1][0] - 1) <= 3 * 2.0**-24


@SIDES
@pytest.mark.parametrize("rate", RATES)
def test_the_mean_is_kept(drop, rate):
    """The mean of n outputs for ones has variance rate / (1 - rate) / n."""
    (y,) = drop(rate)
    assert abs(y.mean(dtype=np.float64) - 1) / np.sqrt(rate / (1 - rate) / y.size) < LIMIT


@SIDES
@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("lag", [1, 2, 7])
def test_neighbours_are_independent(drop, axis, lag):
    dropped = drop(0.4)[0] == 0
    size = SHAPE[axis]
    assert_uncorrelated(dropped.take(range(size - lag), axis), dropped.take(range(lag, size), axis))


@SIDES
def test_every_position_is_dropped_as_often(drop):
    """Columns that are never or always dropped would show: the sum of squared deviations is chi-squared."""
    rate, columns = 0.3, 60
    dropped = (drop(rate)[0] == 0).reshape(-1, columns)
    squares = (deviations(dropped.sum(axis=0), len(dropped), rate) ** 2).sum()
    # Wilson and Hilferty: the cube root of chi-squared over its degrees of freedom is nearly normal.
    spread = 2 / (9 * columns)
    assert abs((squares / columns) ** (1 / 3) - (1 - spread)) / np.sqrt(spread) < LIMIT


@SIDES
def test_calls_are_independent(drop):
    first, second = drop(0.5, calls=2)
    assert_uncorrelated(first, second)


@SIDES
def test_seeds_are_independent(drop):
    assert_uncorrelated(drop(0.5, seed=1)[0], drop(0.5, seed=2)[0])


@SIDES
def test_a_seed_repeats_itself(drop):
    for once, again in zip(drop(0.5, seed=3, calls=3), drop(0.5, seed=3, calls=3), strict=True):
        assert np.array_equal(once, again)


def test_no_seed_draws_fresh_numbers():
    assert_uncorrelated(ours(0.5, seed=None)[0], ours(0.5, seed=None)[0])


@SIDES
@pytest.mark.parametrize("noise_shape", [(None, 1, None), (40, 1, 60), (1, 50, 1), (None, None, 1)])
def test_noise_shape_shares_draws(drop, noise_shape):
    (y,) = drop(0.3, noise_shape=noise_shape)
    shared = tuple(axis for axis, size in enumerate(noise_shape) if size == 1)
    one = y.take([0], axis=shared[0])
    for axis in shared[1:]:
        one = one.take([0], axis=axis)
    assert np.array_equal(y, np.broadcast_to(one, SHAPE))
    assert abs(deviations((one == 0).sum(), one.size, 0.3)) < LIMIT


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_nothing_and_everything(rate):
    """Keras gives zeros for a rate of 1, and x itself for 0."""
    expected = np.full(SHAPE, 1 - rate, np.float32)
    assert np.array_equal(ours(rate)[0], expected)
    assert np.array_equal(of_keras(rate)[0], expected)


def test_what_is_kept_belongs_to_its_element():
    x = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)
    before = x.copy()
    y = Dropout(0.5, seed=1)(x, training=True)
    assert np.array_equal(y[y != 0], 2 * x[y != 0])
    assert np.array_equal(x, before)


def test_a_dropped_infinity_is_zero():
    x = np.full(1000, np.inf, np.float32)
    y = Dropout(0.5, seed=1)(x, training=True)
    assert set(y) == {0.0, np.inf}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_kept(dtype):
    assert Dropout(0.3, seed=1)(np.ones(100, dtype), training=True).dtype == dtype


def test_training_mode_of_the_layer_and_of_the_call():
    x = np.ones(1000, np.float32)
    layer = Dropout(0.5, seed=1)
    assert layer(x) is x
    assert (layer(x, training=True) == 0).any()
    layer.set_training_mode(True)
    assert layer.training is True
    assert (layer(x) == 0).any()
    assert np.array_equal(layer(x, training=False), x)
    layer.set_training_mode(False)
    assert np.array_equal(layer(x), x)


def test_a_model_drops_in_training_only():
    import keras

    from scratchnn.keras_files import spec_from_keras
    from scratchnn.models import Model

    rate = 0.25
    of_keras_model = keras.Sequential([keras.layers.Input((500,)), keras.layers.Dropout(rate, seed=1)])
    model = Model(spec_from_keras(of_keras_model))
    x = np.ones((200, 500), np.float32)
    assert np.array_equal(model.forward(x), x)
    assert np.array_equal(model.predict(x), x)
    y = model.forward(x, training=True)
    assert abs(deviations((y == 0).sum(), y.size, rate)) < LIMIT
    theirs = np.asarray(of_keras_model(x, training=True))
    assert np.allclose(np.unique(theirs), np.unique(y), rtol=3 * 2.0**-24, atol=0)


@pytest.mark.parametrize("rate", [-0.1, 1.1, np.nan])
def test_a_rate_that_is_no_probability_is_refused(rate):
    with pytest.raises(ConfigError, match=r"rate: expected a number in \[0, 1\]"):
        Dropout(rate)
