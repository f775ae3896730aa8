"""The report's classes: constructors, attributes, aliases, set_weights and forward, beside what Keras has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scratchnn
from scratchnn import (
    LSTM,
    RNN,
    AveragePooling2D,
    BidirectionalLSTM,
    BiRNN,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    MaxPooling2D,
    RNNCell,
)
from scratchnn.errors import ConfigError, InputError, WeightError
from scratchnn.layers.bidirectional import Bidirectional
from scratchnn.layers.depthwise_conv2d import DepthwiseConv2D
from scratchnn.layers.separable_conv2d import SeparableConv2D
from tests.support import Case, oracle
from tests.support.checks import built

RNG = np.random.default_rng(5)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def integers(*shape):
    return RNG.integers(-2, 3, shape).astype(np.float32)


@pytest.mark.parametrize("name", ["Dense", "Conv2D", "MaxPooling2D", "AveragePooling2D", "Flatten"])
def test_the_other_name_is_the_same_class(name):
    assert getattr(scratchnn, f"{name}Layer") is getattr(scratchnn, name)


def test_dense():
    layer, W, b = Dense(3, 2, activation="relu"), floats(3, 2), floats(2)
    assert layer.W.shape == (3, 2)
    assert layer.b.shape == (2,)
    layer.set_weights(W, b)
    assert layer.weights is layer.W
    assert layer.biases is layer.b
    assert layer.activation == "relu"
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(layer.forward(x), np.maximum(x @ W.astype(np.float64) + b, 0))
    with pytest.raises(WeightError, match=r"expected shape \(3, 2\), got shape \(2, 3\)"):
        layer.set_weights(W.T, b)
    with pytest.raises(WeightError, match="got none"):
        layer.set_weights(W)


def test_embedding():
    layer, W = Embedding(5, 3), floats(5, 3)
    assert layer.W.shape == (5, 3)
    layer.set_weights(W)
    np.testing.assert_array_equal(layer.forward([[4, 0]]), W[[[4, 0]]])


def test_dropout_attributes():
    layer = Dropout(0.25)
    assert (layer.rate, layer.training) == (0.25, False)
    layer.set_training_mode(True)
    assert layer.training is True


def test_conv2d_defaults_are_relu_and_same():
    layer = Conv2D(floats(3, 3, 2, 4), floats(4))
    assert (layer.activation, layer.padding, layer.weights.shape, layer.biases.shape) == (
        *("relu", "same"), (3, 3, 2, 4), (4,),
    )  # fmt: skip
    y = layer.forward(floats(2, 5, 6, 2))
    assert y.shape == (2, 5, 6, 4)
    assert (y >= 0).all()
    assert (y > 0).any()


@pytest.mark.parametrize("layer", [MaxPooling2D, AveragePooling2D])
def test_pooling_takes_an_int_or_a_pair(layer):
    assert (layer().pool_size, layer().strides) == ((2, 2), (2, 2))
    assert (layer(3, 1).pool_size, layer(3, 1).strides) == ((3, 3), (1, 1))
    assert (layer((1, 2), strides=(3, 1)).pool_size, layer((1, 2), (3, 1)).strides) == ((1, 2), (3, 1))


def test_flatten():
    assert Flatten().forward(floats(2, 3, 4)).shape == (2, 12)


@given(seed=st.integers(0, 1000))
def test_rnn_cell_is_one_step_of_keras(seed):
    """On small integers and with relu, where everything is exact."""
    options = {"units": 4, "activation": "relu"}
    case = Case("SimpleRNN", (2, 1, 3), options, "integer", seed, {"states": (1, 4)})
    keras = oracle.keras_layer(case)
    cell = RNNCell(3, 4, activation="relu")
    cell.set_weights(*keras.get_weights())
    h = cell.forward(case.inputs()[:, 0], case.states()[0])
    whole = oracle.scratch_layer(keras, case).forward(case.inputs(), initial_state=case.states())
    np.testing.assert_array_equal(h, whole)
    assert [cell.Wx.shape, cell.Wh.shape, cell.b.shape] == [(3, 4), (4, 4), (4,)]


@pytest.mark.parametrize("sequences", [False, True])
def test_rnn_and_birnn_are_those_of_keras(sequences):
    options = {"units": 4, "return_sequences": sequences}
    one = Case("SimpleRNN", (2, 5, 3), options)
    ours = RNN(3, 4, sequences)
    ours.set_weights(*oracle.keras_layer(one).get_weights())
    np.testing.assert_array_equal(ours.forward(one.inputs()), built(one).forward(one.inputs()))
    assert (ours.hidden_dim, ours.return_sequences, ours.cell.hidden_dim) == (4, sequences, 4)
    inner = {"module": "keras.layers", "class_name": "SimpleRNN", "config": options, "registered_name": None}
    both = Case("Bidirectional", (2, 5, 3), {"layer": inner})
    ours = BiRNN(3, 4, sequences)
    ours.set_weights(*oracle.keras_layer(both).get_weights())
    np.testing.assert_array_equal(ours.forward(both.inputs()), built(both).forward(both.inputs()))
    assert ours.return_sequences is sequences
    assert [ours.fwd.go_backwards, ours.bwd.go_backwards] == [False, True]


@given(seed=st.integers(0, 1000), states=st.booleans())
def test_lstm_gives_sequence_h_and_c_for_one_sequence(seed, states):
    options = {"units": 4, "return_sequences": True, "return_state": True}
    case = Case("LSTM", (1, 5, 3), options, seed=seed, call={"states": (2, 4)} if states else {})
    keras, ours = oracle.keras_layer(case), LSTM(3, 4)
    ours.set_weights(*keras.get_weights())
    assert (ours.D, ours.H, ours.W.shape, ours.U.shape, ours.b.shape) == (3, 4, (3, 16), (4, 16), (16,))
    first = [state[0] for state in case.states()] if states else []
    result = ours.forward(case.inputs()[0], *first)
    whole = oracle.scratch_layer(keras, case).forward(case.inputs(), initial_state=case.states())
    assert [array.shape for array in result] == [(5, 4), (4,), (4,)]
    for ours_, theirs in zip(result, whole, strict=True):
        np.testing.assert_array_equal(ours_, theirs[0])


def test_lstm_sigmoid_does_not_overflow():
    with np.errstate(all="raise", under="ignore"):
        for owner in (LSTM, LSTM(3, 4)):
            assert owner.sigmoid([-1000.0, 0.0, 1000.0]).tolist() == [0.0, 0.5, 1.0]


def test_lstm_batch_is_its_sequences():
    ours, x = LSTM(3, 4, activation="linear", recurrent_activation="relu"), integers(2, 2, 3)
    ours.set_weights(integers(3, 16), integers(4, 16), integers(16))
    for both, one in zip(ours.forward(x), ours.forward(x[:1]), strict=True):
        np.testing.assert_array_equal(both[:1], one)


def test_lstm_takes_one_state_alone():
    ours, x, h = LSTM(3, 4), floats(5, 3), floats(4)
    with_zeros = ours.forward(x, h, np.zeros(4, np.float32))
    for left, right in zip(ours.forward(x, h0=h), with_zeros, strict=True):
        np.testing.assert_array_equal(left, right)
    with pytest.raises(InputError, match="initial_state"):
        ours.forward(x, floats(5))
    batch, c = np.stack([x, x + 1]), floats(2, 4)
    with_zeros = ours.forward(batch, np.zeros((2, 4), np.float32), c)
    for left, right in zip(ours.forward(batch, c0=c), with_zeros, strict=True):
        np.testing.assert_array_equal(left, right)


def test_bidirectional_lstm_gives_sequence_and_both_final_states():
    options = {"units": 4, "return_sequences": True, "return_state": True}
    inner = {"module": "keras.layers", "class_name": "LSTM", "config": options, "registered_name": None}
    case = Case("Bidirectional", (1, 5, 3), {"layer": inner})
    keras, ours = oracle.keras_layer(case), BidirectionalLSTM(3, 4)
    ours.set_weights(*keras.get_weights())
    assert ours.H == 4
    assert [ours.forward_lstm.go_backwards, ours.backward_lstm.go_backwards] == [False, True]
    sequence, h, c = ours.forward(case.inputs()[0])
    whole = oracle.scratch_layer(keras, case).forward(case.inputs())
    np.testing.assert_array_equal(sequence, whole[0][0])
    np.testing.assert_array_equal(h, np.concatenate([whole[1][0], whole[3][0]]))
    np.testing.assert_array_equal(c, np.concatenate([whole[2][0], whole[4][0]]))
    np.testing.assert_array_equal(h[:4], sequence[-1, :4])
    np.testing.assert_array_equal(h[4:], sequence[0, 4:])


@pytest.mark.parametrize("sequences", [None, True, False])
@pytest.mark.parametrize("state", [None, True, False])
def test_bidirectional_lstm_returns_what_was_asked_for(sequences, state):
    """As in Keras, where anything was asked for; else the sequence and the final states of both directions."""
    given = {"return_sequences": sequences, "return_state": state}
    ours, x = BidirectionalLSTM(3, 4, **given), floats(2, 5, 3)
    result = ours.forward(x)
    steps = (5,) if sequences or sequences is state is None else ()
    shapes = [array.shape for array in (result if isinstance(result, tuple) else (result,))]
    assert shapes == [(2, *steps, 8)] + (
        [(2, 8)] * 2 if sequences is state is None else [(2, 4)] * 4 * bool(state)
    )
    one = ours.forward(x_seq=x[0])
    for whole, single in zip(*(r if isinstance(r, tuple) else (r,) for r in (result, one)), strict=True):
        np.testing.assert_allclose(single, whole[0], rtol=0, atol=1e-6)  # float32's rounding, of |h| < 1


@pytest.mark.parametrize("key", ["return_sequences", "return_state"])
@pytest.mark.parametrize("flags", [(False, True), (True, False)])
def test_both_directions_must_return_the_same(key, flags):
    ahead, back = (LSTM(3, 4, **{key: flag}, go_backwards=back) for flag, back in zip(flags, (0, 1), strict=True))
    with pytest.raises(ConfigError, match=rf"same {key} in both directions, got \({flags[0]}, {flags[1]}\)"):
        Bidirectional(ahead, back)


def test_both_directions_must_be_stateful_or_neither():
    ahead, back = (LSTM(3, 4, go_backwards=flag) for flag in (False, True))
    back.stateful = True
    with pytest.raises(ConfigError, match="same stateful"):
        Bidirectional(ahead, back)


@pytest.mark.parametrize("directions", [(False, 0), (True, 1)])
def test_the_two_directions_must_differ(directions):
    with pytest.raises(ConfigError, match="expected one layer with go_backwards"):
        Bidirectional(*(LSTM(3, 4, go_backwards=flag) for flag in directions))


def test_a_separable_convolution_takes_new_weights():
    layer = SeparableConv2D(floats(3, 2, 2, 3), floats(1, 1, 6, 4), floats(4))
    depthwise, pointwise, bias = floats(3, 2, 2, 3), floats(1, 1, 6, 4), floats(4)
    layer.set_weights(depthwise, pointwise, bias)
    for array, new in zip(layer.get_weights(), (depthwise, pointwise, bias), strict=True):
        np.testing.assert_array_equal(array, new)
    layer.set_weights(2 * depthwise, None)
    for array, new in zip(layer.get_weights(), (2 * depthwise, pointwise), strict=True):
        np.testing.assert_array_equal(array, new)
    layer.set_weights(3 * depthwise)
    for array, new in zip(layer.get_weights(), (3 * depthwise, pointwise), strict=True):
        np.testing.assert_array_equal(array, new)
    for wrong in (depthwise[0, 0], depthwise[0], depthwise[None], depthwise[:, :, :, 1:]):
        with pytest.raises(WeightError, match="pointwise_kernel"):
            layer.set_weights(wrong, pointwise, bias)


def test_a_kernel_of_another_rank_is_refused():
    with pytest.raises(WeightError, match=r"depthwise_kernel': expected rank 4, got shape \(3, 2, 2\)"):
        DepthwiseConv2D(floats(3, 2, 2), None)
    with pytest.raises(WeightError, match="kernel': expected rank 4 and filters"):
        Conv2D(floats(3, 2, 2), None)
