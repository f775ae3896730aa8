"""Dropout: identity at inference, as in Keras; in training, where bits cannot agree, its statistics."""

import numpy as np
import pytest
from hypothesis import strategies as st

from scratchnn import Dropout
from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.geometry import shapes
from tests.support.oracle import keras_module, to_numpy

TestDropout = layer_tests(
    Entry(
        "Dropout",
        st.tuples(shapes(1, 4), st.fixed_dictionaries({"rate": st.sampled_from([0.0, 0.3, 0.9])})),
        example=Case("Dropout", (2, 3, 4), {"rate": 0.4}),
        exact=True,
        refusals=[
            bad_config("rate.*missing", ConfigError, remove=["rate"]),
            bad_config("rate", ConfigError, rate=1.5),
            bad_config("rate", ConfigError, rate=-0.1),
            bad_config("rate", ConfigError, rate="half"),
        ],
        any_rank=True,
        cost=0.7,
    )
)

N = 200_000
# A count of N draws lies within SIGMAS standard deviations but for a chance of 2e-9 (two-sided normal tail); the
# tests below make 30 such comparisons with fixed seeds, so that they pass or fail for good.
SIGMAS = 6.0


def deviation(share, probability, n=N):
    """How many standard deviations a share of n draws lies from its probability."""
    return abs(share - probability) / np.sqrt(probability * (1 - probability) / n)


@pytest.mark.parametrize("side", ["scratch", "keras"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_share_of_zeros_is_the_rate_and_the_rest_is_rescaled(rate, side):
    x = np.ones((N,), np.float32)
    y = dropped(side, rate, x)
    assert deviation(np.mean(y == 0), rate) < SIGMAS
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=2**-22)


def dropped(side, rate, x, seed=7):
    if side == "scratch":
        return Dropout(rate, seed=seed).forward(x, training=True)
    return to_numpy(keras_module().layers.Dropout(rate, seed=seed)(x, training=True))


@pytest.mark.parametrize("side", ["scratch", "keras"])
def test_neighbours_are_dropped_independently(side):
    y = dropped(side, 0.5, np.ones((N // 400, 400), np.float32)) == 0
    for pairs in (y[:, 1:] & y[:, :-1], y[1:] & y[:-1]):
        assert (
            deviation(pairs.mean(), 0.25, pairs.size / 3) < SIGMAS
        )  # overlapping pairs: at most 3 times the variance


def test_a_seed_gives_the_same_draws_and_calls_give_new_ones():
    x = np.ones((50, 40), np.float32)
    one, two = Dropout(0.5, seed=1), Dropout(0.5, seed=1)
    first = one.forward(x, training=True)
    np.testing.assert_array_equal(first, two.forward(x, training=True))
    assert (first != one.forward(x, training=True)).any()
    assert (first != Dropout(0.5, seed=2).forward(x, training=True)).any()


def test_noise_shape_shares_draws_along_its_axes_of_one():
    y = Dropout(0.5, noise_shape=(None, 1, None), seed=0).forward(np.ones((20, 6, 20), np.float32), training=True)
    assert (y == y[:, :1]).all()
    assert 0 < np.mean(y == 0) < 1


@pytest.mark.parametrize(("mode", "argument", "drops"), [
    (False, None, False), (True, None, True), (False, True, True), (True, False, False)
])  # fmt: skip
def test_an_argument_goes_before_the_mode_of_the_layer(mode, argument, drops):
    layer, x = Dropout(0.5, seed=3), np.ones((30, 30), np.float32)
    layer.set_training_mode(mode)
    assert layer.training is mode
    assert (layer.forward(x, training=argument) != x).any() == drops


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_training_keeps_the_dtype(dtype):
    assert Dropout(0.5, seed=0).forward(np.ones((4, 4), dtype), training=True).dtype == dtype


def test_rate_1_drops_everything():
    assert not Dropout(1.0).forward(np.ones((4, 4), np.float32), training=True).any()
