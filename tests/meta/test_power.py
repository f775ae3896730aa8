"""How small a fault the criterion sees, counted; a fixed tolerance of 1e-5 sees no such Dense weight."""

import copy

import numpy as np

from scratchnn.agreement import check_call
from scratchnn.layers.dense import Dense
from scratchnn.layers.lstm import LSTM

COUNT = 40


def nudged(layer, name, rng, by):
    """The layer with one weight times (1 + by), in float32 as a file would hold it."""
    other = copy.copy(layer)
    weights = getattr(layer, name).copy()
    place = tuple(int(rng.integers(size)) for size in weights.shape)
    weights[place] *= np.float32(1 + by)
    setattr(other, name, weights)
    return other


def filled(layer, rng):
    return layer.map_weights(lambda array: (rng.standard_normal(array.shape) * 0.5).astype(np.float32))


def sees(wrong, right, x):
    reference64 = right.astype(np.float64)(x.astype(np.float64))
    return not check_call(wrong, (x,), {}, None, right(x), reference64=reference64).agrees


def test_a_dense_weight_times_1_plus_1e_6():
    seen = 0
    for seed in range(COUNT):
        rng = np.random.default_rng(seed)
        right = filled(
            Dense(int(rng.integers(2, 40)), int(rng.integers(1, 12)), rng.choice(["tanh", "linear"])), rng
        )
        x = rng.standard_normal((4, len(right.W))).astype(np.float32)
        seen += sees(nudged(right, "W", rng, 1e-6), right, x)
    assert seen == COUNT


def test_an_lstm_weight_times_1_plus_1e_4_with_and_without_a_sequence():
    seen = {True: 0, False: 0}
    for seed in range(COUNT // 2):
        rng = np.random.default_rng(seed)
        for sequences in seen:
            right = filled(LSTM(3, 4, return_sequences=sequences), rng)
            wrong = copy.copy(right)
            wrong.cell = nudged(right.cell, str(rng.choice(["W", "U"])), rng, 1e-4)
            seen[sequences] += sees(wrong, right, rng.standard_normal((2, 6, 3)).astype(np.float32))
    assert seen == {True: COUNT // 2, False: COUNT // 2}
