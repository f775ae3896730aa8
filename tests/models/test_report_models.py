"""The report's three models against Keras: from a live model, from get_weights(), and from the .h5 file."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scratchnn import CNNFromScratch, ManualLSTMModel, SimpleRNNModel, load_model
from scratchnn.errors import ConfigError, InputError, ModelFileError, WeightError
from scratchnn.oracle import KerasModel
from scratchnn.verify import compare_layers
from tests.support.architectures import SEEDS, Architecture, cnns
from tests.support.checks import EXAMPLES, same_bits
from tests.support.geometry import sizes

FEW = settings(max_examples=max(3, EXAMPLES // 16))


def assert_agrees_with_keras(path, x):
    model = load_model(path)
    for result in compare_layers(model, KerasModel(path, model.spec), x, lambda what, share: None):
        assert result.agreement.agrees, f"{result.name}: {result.agreement.reason}"


@given(architecture=cnns())
@FEW
def test_cnn_from_a_live_model(tmp_path_factory, architecture):
    path = architecture.save(tmp_path_factory.mktemp("cnn"), ".h5")
    x = architecture.inputs()
    assert_agrees_with_keras(path, x)
    cnn = CNNFromScratch(architecture.build())
    assert same_bits(cnn.predict(x), load_model(path).predict(x))
    assert [type(layer).__name__ for layer in cnn.layers] == [name for name, _ in architecture.layers]


@given(architecture=cnns(), other=SEEDS)
@FEW
def test_cnn_takes_the_weights_of_another_live_model(architecture, other):
    twin = Architecture(architecture.input_shape, architecture.layers, other)
    cnn = CNNFromScratch(twin.build())
    cnn.load_weights_from_keras(architecture.build())
    x = architecture.inputs()
    assert same_bits(cnn.predict(x), CNNFromScratch(architecture.build()).predict(x))


def wrap(class_name, both, options):
    if not both:
        return class_name, options
    inner = {"module": "keras.layers", "class_name": class_name, "config": options, "registered_name": None}
    return "Bidirectional", {"layer": inner}


@st.composite
def rnn_models(draw):
    vocab_size, embed_dim, hidden_dim = draw(sizes(9, smallest=2)), draw(sizes(5)), draw(sizes(5))
    num_layers, both, classes = draw(sizes(3)), draw(st.booleans()), draw(sizes(4, smallest=2))
    sequences = [True] * (num_layers - 1) + [False]
    rnns = [wrap("SimpleRNN", both, {"units": hidden_dim, "return_sequences": sequence}) for sequence in sequences]
    layers = (
        ("Embedding", {"input_dim": vocab_size, "output_dim": embed_dim}),
        *rnns,
        ("Dropout", {"rate": 0.5}),
        ("Dense", {"units": classes, "activation": "softmax"}),
    )
    ours = vocab_size, embed_dim, hidden_dim, classes, 0.5, num_layers, both, sequences
    return Architecture((draw(sizes(6)),), layers, draw(SEEDS), ids=vocab_size), ours


@given(drawn=rnn_models())
@FEW
def test_simple_rnn_model_from_get_weights(tmp_path_factory, drawn):
    architecture, arguments = drawn
    path = architecture.save(tmp_path_factory.mktemp("rnn"), ".keras")
    x = architecture.inputs()
    assert_agrees_with_keras(path, x)
    model = SimpleRNNModel(*arguments)
    model.load_keras_weights(architecture.build().get_weights())
    assert same_bits(model.forward(x), load_model(path).forward(x))
    assert len(model.rnns) == arguments[5]


def test_simple_rnn_model_refuses_other_weights_and_keeps_its_own():
    model = SimpleRNNModel(7, 3, 2, 3, 0.5, 1, False, [False])
    before = model.forward(np.array([[1, 2]]))
    good = [array for layer in (model.embed, *model.rnns, model.dense) for array in layer.get_weights()]
    with pytest.raises(WeightError, match="expected 6 arrays"):
        model.load_keras_weights(good[:-1])
    with pytest.raises(WeightError, match="expected shape"):
        model.load_keras_weights([good[0] + 1, *good[1:-1], np.zeros(4)])
    np.testing.assert_array_equal(model.forward(np.array([[1, 2]])), before)
    with pytest.raises(ConfigError, match="2 entries"):
        SimpleRNNModel(7, 3, 2, 3, 0.5, 2, False, [False])


def test_simple_rnn_model_treats_a_last_state_as_a_sequence_of_one_step():
    model = SimpleRNNModel(7, 3, 4, 2, 0.5, 2, False, [False, False])
    first, second = model.rnns
    h = first.forward(model.embed.forward(np.array([[1, 2, 3]])))
    expected = model.dense.forward(second.forward(h[:, None]))
    np.testing.assert_array_equal(model.forward(np.array([[1, 2, 3]])), expected)


def test_the_mode_of_the_model_is_that_of_its_dropout():
    model = SimpleRNNModel(50, 4, 8, 3, 0.5, 1, False, [False])
    x = np.arange(40)[:, None]
    still = model.forward(x)
    model.set_training_mode(True)
    assert (model.forward(x) != still).any()
    np.testing.assert_array_equal(model.forward(x, training=False), still)
    model.set_training_mode(False)
    assert (model.forward(x, training=True) != still).any()
    np.testing.assert_array_equal(model.forward(x), still)


@st.composite
def lstm_models(draw):
    vocab_size, embed_dim, units = draw(sizes(9, smallest=2)), draw(sizes(5)), draw(sizes(5))
    num_layers, both, classes = draw(sizes(3)), draw(st.booleans()), draw(sizes(4, smallest=2))
    lstms = [
        wrap("LSTM", both, {"units": units, "return_sequences": place + 1 < num_layers})
        for place in range(num_layers)
    ]
    layers = (
        ("Embedding", {"input_dim": vocab_size, "output_dim": embed_dim}),
        *lstms,
        ("Dropout", {"rate": 0.5}),
        ("Dense", {"units": classes, "activation": "softmax"}),
    )
    ours = (vocab_size, embed_dim, units, 0.5, classes), {"num_layers": num_layers, "bidirectional": both}
    return Architecture((draw(sizes(6)),), layers, draw(SEEDS), ids=vocab_size), ours


@pytest.mark.parametrize("suffix", [".h5", ".keras", ".weights.h5"])
def test_manual_lstm_model_from_a_file(tmp_path, suffix):
    @given(drawn=lstm_models())
    @FEW
    def check(drawn):
        architecture, (arguments, options) = drawn
        path, x = architecture.save(tmp_path, ".keras"), architecture.inputs()
        assert_agrees_with_keras(path, x)
        model = ManualLSTMModel(*arguments, **options)
        model.load_weights(architecture.save(tmp_path, suffix))
        # The report's model classifies the final state, Keras the last output: the same numbers.
        assert same_bits(model.forward(x), load_model(path).forward(x))

    check()


@given(drawn=lstm_models(), other=lstm_models())
@FEW
def test_manual_lstm_model_refuses_the_file_of_another_architecture(tmp_path_factory, drawn, other):
    architecture, (arguments, options) = drawn
    shapes = [weight.shape for weight in architecture.build().get_weights()]
    assume(shapes != [weight.shape for weight in other[0].build().get_weights()])
    model = ManualLSTMModel(*arguments, **options)
    before = model.forward(architecture.inputs())
    with pytest.raises((WeightError, ModelFileError)):
        model.load_weights(other[0].save(tmp_path_factory.mktemp("other"), ".h5"))
    np.testing.assert_array_equal(model.forward(architecture.inputs()), before)


def test_manual_lstm_model_drops_in_training_only(tmp_path):
    model = ManualLSTMModel(50, 4, 8, 0.5, 3)
    x = np.arange(40)[:, None]
    still = model.forward(x)
    assert (model.forward(x, training=True) != still).any()
    np.testing.assert_array_equal(model.forward(x), still)
    assert model.bilstm is model.lstms[-1]
    with pytest.raises(ModelFileError, match="cannot be read"):
        model.load_weights(tmp_path / "missing.h5")
    with pytest.raises(InputError, match="from 0 to 49"):
        model.forward([[50]])
