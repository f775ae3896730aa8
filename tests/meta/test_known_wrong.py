"""Layers that are known to be wrong must be caught, and the verdict must say who is off.

The reference here is scratchnn itself before the fault: what is tested is the judge, not the layers.
"""

import copy

import numpy as np
import pytest

from scratchnn import activations
from scratchnn.agreement import Verdict, check_call
from scratchnn.layers.add import Add
from scratchnn.layers.average_pooling2d import AveragePooling2D
from scratchnn.layers.batch_normalization import BatchNormalization
from scratchnn.layers.bidirectional import BiRNN
from scratchnn.layers.conv2d import Conv2D
from scratchnn.layers.dense import Dense
from scratchnn.layers.embedding import Embedding
from scratchnn.layers.lstm import LSTM
from scratchnn.layers.max_pooling2d import MaxPooling2D
from scratchnn.layers.simple_rnn import RNN
from scratchnn.layers.softmax import Softmax
from scratchnn.layers.subtract import Subtract

RNG = np.random.default_rng(20)


def draw(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def filled(layer):
    """The layer with random weights in all its arrays."""
    return layer.map_weights(lambda array: (RNG.standard_normal(array.shape) * 0.5).astype(np.float32))


def judge(wrong, right, args, mask=None, witness=True, **options):
    """The verdict on a wrong layer, with the right one in the place of Keras."""
    keywords = {} if mask is None else {"mask": mask}
    wide = [[x.astype(np.float64) for x in arg] if isinstance(arg, list) else _wide(arg) for arg in args]
    reference64 = right.astype(np.float64)(*wide, **keywords) if witness else None
    return check_call(wrong, args, {}, mask, right(*args, **keywords), reference64=reference64, **options)


def _wide(x):
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def with_weights(layer, **weights):
    other = copy.copy(layer)
    for name, value in weights.items():
        setattr(other, name, value)
    return other


DENSE, IMAGES = filled(Dense(6, 6, "tanh")), draw(2, 6, 6, 3)
CONV = Conv2D(draw(3, 3, 3, 4), draw(4), None, "same", strides=2)
LAST, SEQUENCE = filled(LSTM(4, 5, return_sequences=False)), filled(LSTM(4, 5, return_sequences=True))
STEPS, BOTH = draw(3, 7, 4), filled(BiRNN(4, 5, return_sequences=True))
NORM = BatchNormalization(draw(4), np.abs(draw(4)), draw(4), draw(4))
TABLE, IDS = filled(Embedding(9, 3)), RNG.integers(0, 9, (3, 5))


class SoftmaxWithoutMax(Softmax):
    def apply(self, x):
        return np.exp(x) / np.exp(x).sum(axis=self.axis, keepdims=True)


class HalfPrecision(Dense):
    def forward(self, x):
        return super().forward(np.asarray(x).astype(np.float16).astype(np.asarray(x).dtype))


class ForgetsTheLastStep(LSTM):
    def run(self, x, initial_state=None, mask=None):
        outputs, states = super().run(x, initial_state, mask)
        return np.concatenate([outputs[:, :-1], outputs[:, -2:-1]], axis=1), states


class NotTurnedRound(BiRNN):
    def forward(self, x, **keywords):
        ahead = self.forward_layer.run(x)[0]
        return np.concatenate([ahead, self.backward_layer.run(x)[0]], axis=-1)


class OtherActivation(Dense):
    def forward(self, x):
        return activations.sigmoid(self.linear(self.as_numbers(x)))


class InPlaceOfRounding(Conv2D):
    def linear(self, x):
        return super().linear(x)[:, ::-1]


def lstm_gates(layer, order):
    def permuted(array):
        return np.concatenate([np.split(array, 4, axis=-1)[k] for k in order], axis=-1)

    return layer.map_weights(permuted)


def nudged(layer, name, by):
    weights = getattr(layer, name).copy()
    weights.flat[np.argmax(np.abs(weights))] *= np.float32(1 + by)
    return with_weights(layer, **{name: weights})


def retyped(layer, cls):
    """The layer as a member of another class, with the attributes that it has."""
    other = copy.copy(layer)
    other.__class__ = cls
    return other


WRONG = {
    "transposed kernel": (with_weights(DENSE, W=DENSE.W.T), DENSE, (draw(3, 6),)),
    "bias missing": (with_weights(DENSE, b=None), DENSE, (draw(3, 6),)),
    "one weight times 1 + 1e-6": (nudged(DENSE, "W", 1e-6), DENSE, (draw(8, 6),)),
    "float16 inside": (retyped(DENSE, HalfPrecision), DENSE, (draw(3, 6),)),
    "another activation": (retyped(DENSE, OtherActivation), DENSE, (draw(3, 6),)),
    "image upside down": (retyped(CONV, InPlaceOfRounding), CONV, (IMAGES,)),
    "kernel flipped": (with_weights(CONV, weights=CONV.weights[::-1, ::-1]), CONV, (IMAGES,)),
    "stride ignored": (with_weights(CONV, strides=(1, 1)), CONV, (IMAGES,)),
    "average for maximum": (AveragePooling2D(2), MaxPooling2D(2), (IMAGES,)),
    "epsilon 1e-5": (with_weights(NORM, epsilon=1e-5), NORM, (draw(3, 4),)),
    "gamma and beta swapped": (with_weights(NORM, gamma=NORM.beta, beta=NORM.gamma), NORM, (draw(3, 4),)),
    "softmax of the wrong axis": (Softmax(axis=1), Softmax(), (draw(2, 3, 4),)),
    "softmax without the maximum": (SoftmaxWithoutMax(), Softmax(), (draw(3, 4) + 100,)),
    "embedding off by one": (with_weights(TABLE, W=np.roll(TABLE.W, 1, axis=0)), TABLE, (IDS,)),
    "inputs swapped": (retyped(Subtract(), Add), Subtract(), ([draw(3, 4), draw(3, 4)],)),
    "gates i and f swapped": (lstm_gates(SEQUENCE, (1, 0, 2, 3)), SEQUENCE, (STEPS,)),
    "gates g and o swapped, last output": (lstm_gates(LAST, (0, 1, 3, 2)), LAST, (STEPS,)),
    "last step skipped": (retyped(SEQUENCE, ForgetsTheLastStep), SEQUENCE, (STEPS,)),
    "go_backwards ignored": (SEQUENCE, with_weights(SEQUENCE, go_backwards=True), (STEPS,)),
    "backward sequence not turned round": (retyped(BOTH, NotTurnedRound), BOTH, (STEPS,)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_layer_is_off(name):
    wrong, right, args = WRONG[name]
    result = judge(wrong, right, args)
    assert result.verdict is Verdict.SCRATCH_OFF, result


@pytest.mark.parametrize("name", WRONG)
def test_the_right_layer_is_not(name):
    _, right, args = WRONG[name]
    result = judge(right, right, args, exact=True)
    assert result.verdict is Verdict.AGREE, result


@pytest.mark.parametrize("name", sorted(set(WRONG) - {"one weight times 1 + 1e-6"}))
def test_a_wrong_layer_is_off_without_the_float64_witness_too(name):
    wrong, right, args = WRONG[name]
    result = judge(wrong, right, args, witness=False)
    assert result.verdict in (Verdict.SCRATCH_OFF, Verdict.BOTH_OFF), result


def test_the_mask_is_not_ignored():
    mask = np.array([[True] * 4 + [False] * 3, [False, True] * 3 + [True], [True] * 7])
    reference, reference64 = (
        SEQUENCE(STEPS, mask=mask),
        SEQUENCE.astype(np.float64)(STEPS.astype(float), mask=mask),
    )
    assert check_call(SEQUENCE, (STEPS,), {}, mask, reference, reference64=reference64).agrees
    ignored = check_call(SEQUENCE, (STEPS,), {}, None, reference, reference64=reference64)
    assert ignored.verdict is Verdict.SCRATCH_OFF
    zeroed = check_call(
        with_weights(SEQUENCE, zero_output_for_mask=True), (STEPS,), {}, mask, reference, reference64=reference64
    )
    assert zeroed.verdict is Verdict.SCRATCH_OFF


def test_one_lstm_weight_times_1_plus_1e_4_is_always_seen():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        for layer in (LAST, SEQUENCE):
            wrong = copy.copy(layer)
            wrong.cell = nudged(layer.cell, rng.choice(["W", "U", "b"]), 1e-4)
            assert not judge(wrong, layer, (STEPS,)).agrees


def test_the_last_output_must_be_the_sequences_last():
    reference, sequence = LAST(STEPS), SEQUENCE_OF_LAST(STEPS)
    assert check_call(LAST, (STEPS,), {}, None, reference, sequence=sequence).agrees
    off = reference.copy()
    off[0, 0] = np.nextafter(off[0, 0], np.float32(2))  # one ulp: within any bound, but not the sequence's last
    assert not check_call(LAST, (STEPS,), {}, None, off, sequence=sequence).agrees


SEQUENCE_OF_LAST = with_weights(LAST, return_sequences=True)


def test_dropout_must_be_off_at_inference():
    from scratchnn.layers.dropout import Dropout

    active = Dropout(0.5, seed=1)
    active.set_training_mode(True)
    x = draw(4, 50)
    assert judge(active, Dropout(0.5), (x,)).verdict is Verdict.SCRATCH_OFF


def test_a_simple_rnn_that_adds_its_bias_once_only():
    right = filled(RNN(4, 5, return_sequences=True))

    class BiasOnce(type(right.cell)):
        def project(self, x):
            z = x @ np.asarray(self.Wx, x.dtype)
            z[:, :1] += np.asarray(self.b, x.dtype)
            return z

    wrong = copy.copy(right)
    wrong.cell = retyped(right.cell, BiasOnce)
    assert judge(wrong, right, (STEPS,)).verdict is Verdict.SCRATCH_OFF
