"""Files of Keras 1: its words, and a whole model in them."""

import numpy as np
import pytest

from scratchnn import ScratchnnError, load_model
from scratchnn.keras_files.legacy import modern_layer
from tests.keras_files.writing import old, write_h5

# Class and config of Keras 1 -> of Keras 3, as its own release notes and layers have them.
WORDS = {
    ("Dense", "output_dim=4 init=glorot bias=True W_regularizer=None input_dim=3 activation=relu"): (
        "Dense",
        "units=4 use_bias=True W_regularizer=None activation=relu",
    ),
    ("TimeDistributedDense", "output_dim=4"): ("Dense", "units=4"),
    (
        "Convolution2D",
        "nb_filter=8 nb_row=2 nb_col=3 border_mode=same subsample=(2,1) dim_ordering=tf bias=False init=x",
    ): (
        "Conv2D",
        "filters=8 kernel_size=[2,3] padding=same strides=(2,1) data_format=channels_last use_bias=False",
    ),
    ("AtrousConvolution2D", "nb_filter=8 nb_row=3 nb_col=3 atrous_rate=(2,2) dim_ordering=th"): (
        "Conv2D",
        "filters=8 kernel_size=[3,3] dilation_rate=(2,2) data_format=channels_first",
    ),
    ("Convolution1D", "nb_filter=8 filter_length=3 subsample_length=2 border_mode=valid input_dim=2"): (
        "Conv1D",
        "filters=8 kernel_size=3 strides=2 padding=valid",
    ),
    ("SeparableConvolution2D", "nb_filter=8 nb_row=3 nb_col=3 depth_multiplier=2"): (
        "SeparableConv2D",
        "filters=8 kernel_size=[3,3] depth_multiplier=2",
    ),
    ("MaxPooling1D", "pool_length=2 stride=3 border_mode=same"): (
        "MaxPooling1D",
        "pool_size=2 strides=3 padding=same",
    ),
    ("MaxPooling2D", "pool_size=(2,2) strides=(2,2) dim_ordering=default"): (
        "MaxPooling2D",
        "pool_size=(2,2) strides=(2,2) data_format=None",
    ),
    ("UpSampling1D", "length=3"): ("UpSampling1D", "size=3"),
    ("ZeroPadding2D", "padding=(1,2,3,4)"): ("ZeroPadding2D", "padding=[[1,2],[3,4]]"),
    (
        "LSTM",
        "output_dim=5 inner_activation=hard_sigmoid inner_init=x forget_bias_init=one dropout_W=0.1 dropout_U=0.2 "
        "consume_less=gpu",
    ): ("LSTM", "units=5 recurrent_activation=hard_sigmoid dropout=0.1 recurrent_dropout=0.2"),
    ("GRU", "output_dim=5 inner_activation=sigmoid"): (
        "GRU",
        "units=5 recurrent_activation=sigmoid reset_after=False",
    ),
    ("Embedding", "input_dim=9 output_dim=5 dropout=0.1 mask_zero=True input_length=4"): (
        "Embedding",
        "input_dim=9 output_dim=5 mask_zero=True input_length=4",
    ),
    ("BatchNormalization", "mode=0 axis=1 epsilon=0.001 gamma_init=one beta_init=zero"): (
        "BatchNormalization",
        "axis=1 epsilon=0.001",
    ),
    ("Dropout", "p=0.25"): ("Dropout", "rate=0.25"),
    ("GaussianNoise", "sigma=0.25"): ("GaussianNoise", "stddev=0.25"),
    ("LeakyReLU", "alpha=0.25"): ("LeakyReLU", "negative_slope=0.25"),
    ("Merge", "name='m' mode=sum"): ("Add", "name='m'"),
    ("Merge", "name='m' mode=concat concat_axis=1"): ("Concatenate", "name='m' axis=1"),
    ("Merge", "name='m' mode=cos dot_axes=1"): ("Dot", "name='m' axes=1 normalize=True"),
}
# The same of Keras 2.
WORDS_2 = {
    ("InputLayer", "batch_input_shape=(None,3)"): ("InputLayer", "batch_shape=(None,3)"),
    ("CuDNNLSTM", "units=5"): ("LSTM", "units=5 activation=tanh recurrent_activation=sigmoid"),
    ("CuDNNGRU", "units=5"): ("GRU", "units=5 activation=tanh recurrent_activation=sigmoid reset_after=True"),
    ("GRU", "units=5"): ("GRU", "units=5 reset_after=False"),
    ("GRU", "units=5 reset_after=True"): ("GRU", "units=5 reset_after=True"),
    ("BatchNormalizationV1", "axis=[3] batch_input_shape=(None,3)"): ("BatchNormalization", "axis=[3]"),
    ("ELU", "alpha=0.5"): ("ELU", "alpha=0.5"),
}


def config(text):
    """'units=4 bias=True' as a dict."""

    def value(part):
        return part if part.isidentifier() and part not in ("None", "True", "False") else eval(part, {})

    return {pair.split("=")[0]: value(pair.split("=")[1]) for pair in text.split()}


@pytest.mark.parametrize(("version", "words"), [(1, WORDS), (2, WORDS_2)])
def test_words(version, words):
    for (class_name, before), (modern, after) in words.items():
        assert modern_layer(class_name, config(before), version) == (modern, config(after)), class_name


def test_keras_3_is_left_alone():
    assert modern_layer("GRU", {"units": 2, "p": 1, "alpha": 2}, 3) == ("GRU", {"units": 2, "p": 1, "alpha": 2})


def test_layers_inside_layers():
    inner = {"class_name": "CuDNNLSTM", "config": {"units": 3}}
    name, modern = modern_layer("Bidirectional", {"layer": inner, "backward_layer": inner}, 2)
    lstm = {"units": 3, "activation": "tanh", "recurrent_activation": "sigmoid"}
    assert (name, modern["layer"]) == ("Bidirectional", {"class_name": "LSTM", "config": lstm})
    assert modern["backward_layer"] == modern["layer"]
    cells = [{"class_name": "GRUCell", "config": {"units": 3, "implementation": 2}}]
    _, modern = modern_layer("RNN", {"cell": {"class_name": "StackedRNNCells", "config": {"cells": cells}}}, 2)
    assert modern["cell"]["config"]["cells"][0]["config"] == {"units": 3}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (old("BatchNormalization", name="b", mode=1), "BatchNormalization 'b': option 'mode': expected 0"),
        (old("Merge", name="m", mode="lambda"), "Merge 'm': option 'mode'"),
        (old("Merge", name="m", mode="sum", layers=[1]), "Merge 'm'.*inputs from the graph"),
        (old("MaxoutDense", name="m"), "scratchnn has no layer 'MaxoutDense'"),
        (old("Dense", name="d", output_dim=2, spam=1), "options that scratchnn does not know: spam=1"),
    ],
)
def test_what_no_other_keras_has_is_refused(entry, message, tmp_path):
    entry["config"]["batch_input_shape"] = [None, 3]
    weights = {"d": {"W": np.ones((3, 2), np.float32), "b": np.ones(2, np.float32)}} if "spam" in message else {}
    path = write_h5(tmp_path / "m.h5", {"class_name": "Sequential", "config": [entry]}, weights, "1.2.2")
    with pytest.raises(ScratchnnError, match=message):
        load_model(path)


def hard_sigmoid(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


@pytest.mark.parametrize("version", ["1.2.2", "1.0.8", None])
def test_a_whole_model_of_theano(tmp_path, version):
    """Convolution of a 1-D sequence, an LSTM with an array for each gate, Dense: every number by hand."""
    generator = np.random.default_rng(8)

    def draw(*shape):
        return generator.normal(size=shape).astype(np.float32)

    layers = [
        old(
            "Convolution1D",
            **{"name": "conv", "nb_filter": 4, "filter_length": 3, "border_mode": "valid", "activation": "linear"},
            **{"batch_input_shape": [None, 6, 2], "input_dtype": "float32", "subsample_length": 1, "bias": True},
            **{"init": "glorot_uniform", "W_regularizer": None, "b_constraint": None, "input_dim": 2},
        ),
        old(
            "LSTM",
            **{"name": "lstm", "output_dim": 3, "activation": "tanh", "inner_activation": "hard_sigmoid"},
            **{"return_sequences": False, "go_backwards": False, "stateful": False, "unroll": False, "init": "x"},
            **{"inner_init": "orthogonal", "forget_bias_init": "one", "dropout_W": 0.0, "dropout_U": 0.0},
            **{"consume_less": "cpu", "U_regularizer": None, "input_dim": 4, "input_length": None},
        ),
        old("Dense", name="dense", output_dim=2, activation="linear", bias=True, init="uniform", input_dim=3),
    ]
    kernel, bias, (w, b) = draw(3, 1, 2, 4), draw(4), (draw(3, 2), draw(2))
    gates = {gate: (draw(4, 3), draw(3, 3), draw(3)) for gate in "icfo"}
    names = [
        (f"lstm_{kind}_{gate}", array) for gate in "icfo" for kind, array in zip("WUb", gates[gate], strict=True)
    ]
    weights = {
        "conv": {"conv_W": kernel, "conv_b": bias},
        "lstm": dict(names),
        "dense": {"dense_W": w, "dense_b": b},
    }
    config = {"class_name": "Sequential", "config": layers}
    path = write_h5(tmp_path / "m.h5", config, weights, version, backend="theano")

    x = draw(5, 6, 2).astype(np.float64)
    flipped = kernel[::-1, 0].astype(np.float64)  # Theano convolves
    z = np.stack([np.einsum("bkc,kcf->bf", x[:, t : t + 3], flipped) + bias for t in range(4)], axis=1)
    h = c = np.zeros((5, 3))
    for t in range(4):
        i, g, f, o = (z[:, t] @ gates[k][0] + h @ gates[k][1] + gates[k][2] for k in "icfo")
        c = hard_sigmoid(f) * c + hard_sigmoid(i) * np.tanh(g)
        h = hard_sigmoid(o) * np.tanh(c)
    model = load_model(path)
    np.testing.assert_allclose(model.astype(np.float64).forward(x), h @ w + b, rtol=1e-12, atol=1e-12)
    model.load_weights(path)
    np.testing.assert_allclose(model.astype(np.float64).forward(x), h @ w + b, rtol=1e-12, atol=1e-12)


def test_a_graph_of_keras_1(tmp_path):
    layers = [
        {**old("InputLayer", name="x", batch_input_shape=[None, 3], input_dtype="float32", sparse=False)},
        {
            **old("Dense", name="d", output_dim=3, activation="linear"),
            "inbound_nodes": [[["x", 0, 0]], [["d", 0, 0]]],
        },
        {**old("Merge", name="m", mode="concat", concat_axis=-1), "inbound_nodes": [[["d", 0, 0], ["d", 1, 0]]]},
    ]
    layers = [{"inbound_nodes": [], **entry, "name": entry["config"]["name"]} for entry in layers]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["m", 0, 0]]}
    kernel = 2 * np.eye(3, dtype=np.float32)
    weights = {"x": {}, "d": {"d_W": kernel, "d_b": np.ones(3, np.float32)}, "m": {}}
    path = write_h5(
        tmp_path / "m.h5", {"class_name": "Model", "config": {"layers": layers, **ends}}, weights, "1.1.0"
    )
    assert load_model(path).forward(np.array([[1, 2, 3]], np.float32)).tolist() == [[3, 5, 7, 7, 11, 15]]
