"""The graph of functional models, in the forms of Keras 1, 2 and 3, without Keras."""

import json
import time

import numpy as np
import pytest

from scratchnn import ConfigError, ScratchnnError, UnsupportedError, load_model
from scratchnn.spec import TensorRef
from tests.keras_files.writing import (
    BIAS,
    DENSE,
    INPUT,
    KERNEL,
    X,
    Y,
    called,
    functional,
    layer,
    members,
    old,
    sequential,
    tensor,
    write_h5,
    write_zip,
)

ENTRY = {**INPUT, "name": "input", "inbound_nodes": []}
ADD = layer("Add", name="add", trainable=True)
BACK = layer("Dense", name="back", units=3, activation=None)
WEIGHTS = {"layers/dense": [KERNEL, BIAS]}


def load(tmp_path, layers, inputs=("input", 0, 0), outputs=("dense", 0, 0), weights=None):
    def as_list(value):
        return json.loads(json.dumps(value))

    config = functional(layers, as_list(inputs), as_list(outputs))
    return load_model(write_zip(tmp_path / "m.keras", members(config, WEIGHTS if weights is None else weights)))


def test_one_input_and_one_output(tmp_path):
    for inputs, outputs in ((("input", 0, 0), ("dense", 0, 0)), ([("input", 0, 0)], [("dense", 0, 0)])):
        model = load(tmp_path, [ENTRY, called(DENSE, tensor("input"))], inputs, outputs)
        np.testing.assert_array_equal(model.forward(X), Y)
        np.testing.assert_array_equal(model.predict(X), Y)
    np.testing.assert_array_equal(model.predict([X]), Y)


def test_layers_in_any_order_and_a_layer_called_on_its_own_result(tmp_path):
    weights = {"layers/dense": [KERNEL.T, np.ones(3, np.float32)], "layers/dense_1": [KERNEL, BIAS]}
    layers = [called(BACK, tensor("dense", 0)), called(DENSE, tensor("input"), tensor("back", 0)), ENTRY]
    model = load(tmp_path, layers, outputs=("dense", 1, 0), weights=weights)
    expected = np.maximum((Y @ KERNEL.T + 1) @ KERNEL + BIAS, 0)
    np.testing.assert_array_equal(model.forward(X), expected)
    assert [node[:2] for node in [(node.layer, node.index) for node in model.spec.nodes]] == [
        ("dense", 0),
        ("back", 0),
        ("dense", 1),
    ]


def test_a_list_of_inputs_and_a_dict_of_outputs(tmp_path):
    second = {**layer("InputLayer", name="second", batch_shape=[None, 3]), "name": "second", "inbound_nodes": []}
    layers = [ENTRY, second, called(ADD, [tensor("input"), tensor("second")]), called(DENSE, tensor("add"))]
    outputs = {"sum": ("add", 0, 0), "end": ("dense", 0, 0)}
    model = load(tmp_path, layers, [("input", 0, 0), ("second", 0, 0)], outputs)
    for x in ([X, X], {"second": X, "input": X}):
        for result in (model.forward(x), model.predict(x)):
            assert list(result) == ["sum", "end"]
            np.testing.assert_array_equal(result["sum"], 2 * X)
            np.testing.assert_array_equal(result["end"], np.maximum(2 * X @ KERNEL + BIAS, 0))
    for wrong in (X, [X], {"input": X}, [X, X[:1]]):
        with pytest.raises(ScratchnnError, match="expected"):
            model.forward(wrong)


def test_a_nested_model_is_called_twice(tmp_path):
    inner = called(sequential(INPUT, DENSE), tensor("input"), tensor("input"))
    layers = [ENTRY, inner, called(ADD, [tensor("model", 0), tensor("model", 1)])]
    weights = {"layers/sequential/layers/dense": [KERNEL, BIAS]}
    model = load(tmp_path, layers, outputs=("add", 0, 0), weights=weights)
    np.testing.assert_array_equal(model.forward(X), 2 * Y)
    np.testing.assert_array_equal(model.astype(np.float64).predict(X), 2 * Y)
    assert model.count_params() == 8
    assert model.layer("model").get_weights()[0].dtype == np.float32
    assert model.astype(np.float64).layer("model").get_weights()[0].dtype == np.float64


def test_keras_3_runs_what_was_called_in_training_mode_at_inference_in_predict(tmp_path):
    model = load(tmp_path, [ENTRY, TRAINING])
    np.testing.assert_array_equal(model.predict(X), Y)


@pytest.mark.parametrize("first", [0, 1])
def test_keras_2_counts_the_own_call_of_a_nested_model(tmp_path, first):
    """Some versions give its first call in the graph the number 1, some 0."""
    dense = old("Dense", name="dense", units=2, activation="relu", use_bias=True, batch_input_shape=[None, 3])
    nested = {"class_name": "Sequential", "config": {"name": "inner", "layers": [dense]}}
    layers = [
        {**old("InputLayer", name="input", batch_input_shape=[None, 3]), "name": "input", "inbound_nodes": []},
        {**nested, "name": "inner", "inbound_nodes": [[["input", 0, 0, {}]], [["input", 0, 0, {}]]]},
        {
            **old("Add", name="add", trainable=True),
            "name": "add",
            "inbound_nodes": [[["inner", first, 0, {}], ["inner", first + 1, 0, {}]]],
        },
    ]
    ends = {"input_layers": [["input", 0, 0]], "output_layers": [["add", 0, 0], ["inner", first + 1, 0]]}
    config = {"class_name": "Model", "config": {"name": "outer", "layers": layers, **ends}}
    weights = {"input": {}, "inner": {"dense_7/kernel:0": KERNEL, "dense_7/bias:0": BIAS}, "add": {}}
    model = load_model(write_h5(tmp_path / "m.h5", config, weights))
    twice, once = model.forward(X)
    np.testing.assert_array_equal(once, Y)
    np.testing.assert_array_equal(twice, 2 * Y)


def test_arrays_of_a_nested_model_in_an_h5_file(tmp_path):
    """What training changes comes first, then the moving statistics: the names say whose they are."""
    entries = [
        old("InputLayer", name="i", batch_shape=[None, 3]),
        old("BatchNormalization", name="norm", trainable=True, epsilon=0),
        old("Dense", name="dense", trainable=True, units=2, activation="relu"),
        old("BatchNormalization", name="norm_1", trainable=True, epsilon=0),
    ]
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": entries}}
    outer = {
        "class_name": "Sequential",
        "config": {"name": "outer", "layers": [inner], "build_input_shape": [None, 3]},
    }
    one, two = np.ones(3, np.float32), np.ones(2, np.float32)
    trained = {"norm/gamma": one, "norm/beta": 0 * one, "outer/inner/dense/kernel": KERNEL, "dense/bias": BIAS}
    trained |= {"norm_1/gamma": 2 * two, "norm_1/beta": two}
    rest = {"norm/moving_mean": 0 * one, "norm/moving_variance": one}
    rest |= {"norm_1/moving_mean": 0 * two, "norm_1/moving_variance": two}
    path = write_h5(tmp_path / "m.h5", outer, {"inner": trained | rest}, "3.9.0")
    np.testing.assert_allclose(load_model(path).forward(X), 2 * Y + 1, rtol=1e-6)
    path = write_h5(tmp_path / "m.h5", outer, {"inner": trained | rest | {"norm_9/gamma": one}}, "3.9.0")
    with pytest.raises(ScratchnnError, match="norm"):
        load_model(path)
    path = write_h5(tmp_path / "m.h5", outer, {"inner": trained | rest | {"other/gamma": one}}, "3.9.0")
    with pytest.raises(ScratchnnError, match="one layer inside it whose name is in 'other/gamma', got none"):
        load_model(path)


def test_an_operation_of_an_h5_file_is_told_from_a_layer(tmp_path):
    add = {"class_name": "Add", "config": {"name": "add"}, "name": "add"}
    layers = [
        {**old("InputLayer", name="input", batch_shape=[None, 3]), "name": "input", "inbound_nodes": []},
        {**add, "inbound_nodes": [{"args": [tensor("input"), 2.5], "kwargs": {}}]},
    ]
    ends = {"input_layers": ["input", 0, 0], "output_layers": ["add", 0, 0]}
    config = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
    model = load_model(write_h5(tmp_path / "m.h5", config, {"input": {}}, "3.9.0"))
    np.testing.assert_array_equal(model.forward(X), X + np.float32(2.5))


def test_initial_state_in_the_forms_of_keras_2_and_3(tmp_path):
    """Keras 2 calls the layer with a list of input and states, Keras 3 names them, or leaves them by position."""
    ones = np.ones((1, 2), np.float32)
    arrays = {"kernel": ones, "recurrent_kernel": np.eye(2, dtype=np.float32), "bias": np.zeros(2, np.float32)}
    x, h = np.ones((1, 3, 1), np.float32), np.array([[10.0, 20]], np.float32)
    expected = x.sum(axis=1) + h
    config = {"name": "rnn", "units": 2, "activation": "linear", "use_bias": True, "trainable": True}
    states = {"args": [tensor("x")], "kwargs": {"initial_state": [tensor("h")], "mask": None, "training": False}}
    forms = {
        "3.9.0": (states, {"args": [tensor("x"), [tensor("h")]], "kwargs": {}}),
        "2.9.0": (
            [["x", 0, 0, {}], ["h", 0, 0, {}]],
            [["x", 0, 0, {"initial_state": ["h", 0, 0], "training": False}]],
        ),
    }
    for version, nodes in forms.items():
        for node in nodes:
            layers = [
                {**old("InputLayer", name="x", batch_shape=[None, 3, 1]), "name": "x", "inbound_nodes": []},
                {**old("InputLayer", name="h", batch_shape=[None, 2]), "name": "h", "inbound_nodes": []},
                {**old("SimpleRNN", **config), "name": "rnn", "inbound_nodes": [node]},
            ]
            ends = {"input_layers": [["x", 0, 0], ["h", 0, 0]], "output_layers": [["rnn", 0, 0]]}
            whole = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
            weights = {"rnn": {f"rnn/{key}": array for key, array in arrays.items()}}
            model = load_model(write_h5(tmp_path / "m.h5", whole, weights, version))
            np.testing.assert_array_equal(model.forward([x, h]), expected)
            assert model.spec.nodes[0].kwargs == {"initial_state": [TensorRef("h")]}


LOOP = [ENTRY, called(DENSE, tensor("back")), called(BACK, tensor("dense"))]
TRAINING = {**DENSE, "name": "dense", "inbound_nodes": [{"args": [tensor("input")], "kwargs": {"training": True}}]}
DICTS = {"a": {"b": ("dense", 0, 0)}}

REFUSED = {
    "a loop": (LOOP, {}, ConfigError, "the graph has a loop through dense, back"),
    "a layer on itself": ([ENTRY, called(DENSE, tensor("dense"))], {}, ConfigError, "a loop through dense"),
    "an unknown layer": ([ENTRY, called(DENSE, tensor("no"))], {}, ConfigError, "call 0 of 'no'"),
    "an unknown call": ([ENTRY, called(DENSE, tensor("input", 1))], {}, ConfigError, "call 1 of 'input'"),
    "an unknown output": (
        [ENTRY, called(DENSE, tensor("input", 0, 1))],
        {},
        ConfigError,
        "output 1 of 'input': there is none",
    ),
    "no such output of the model": (
        [ENTRY, called(DENSE, tensor("input"))],
        {"outputs": ("dense", 0, 2)},
        ConfigError,
        "output 2 of 'dense': there is none",
    ),
    "an output of an unknown layer": (
        [ENTRY, called(DENSE, tensor("input"))],
        {"outputs": ("no", 0, 0)},
        ConfigError,
        "call 0 of 'no'",
    ),
    "no outputs": ([ENTRY], {"outputs": []}, ConfigError, "expected a list of output_layers"),
    "an input that is no input": (
        [ENTRY, called(DENSE, tensor("input"))],
        {"inputs": [("input", 0, 0), ("dense", 0, 0)]},
        ConfigError,
        "expected each input to be an InputLayer",
    ),
    "an input that is not given": (
        [
            ENTRY,
            {**ENTRY, "config": {**INPUT["config"], "name": "b"}, "name": "b"},
            called(DENSE, tensor("b")),
        ],
        {},
        ConfigError,
        "call 0 of 'b'",
    ),
    "dicts in dicts": (
        [ENTRY, called(DENSE, tensor("input"))],
        {"outputs": DICTS},
        UnsupportedError,
        "a tensor, a list or a dict",
    ),
    "a call without input": (
        [ENTRY, {**DENSE, "name": "dense", "inbound_nodes": [{"args": [], "kwargs": {}}]}],
        {},
        ConfigError,
        "Dense 'dense': inbound_nodes: expected args",
    ),
    "nodes of nonsense": ([ENTRY, {**DENSE, "name": "dense", "inbound_nodes": 7}], {}, ConfigError, "got 7"),
    "a node of nonsense": (
        [ENTRY, {**DENSE, "name": "dense", "inbound_nodes": [[["input", "0", 0]]]}],
        {},
        UnsupportedError,
        "Dense 'dense': inbound_nodes: expected a list of tensors",
    ),
    "two names": ([ENTRY, {**called(DENSE, tensor("input")), "name": "x"}], {}, ConfigError, "one name"),
    "an argument that is an object": (
        [ENTRY, called(DENSE, {"class_name": "__lambda__", "config": {}})],
        {},
        UnsupportedError,
        "got '__lambda__'",
    ),
    "a text among the inputs": (
        [ENTRY, called(ADD, ["x", tensor("input")])],
        {"outputs": ("add", 0, 0), "weights": {}},
        ConfigError,
        "Add 'add'",
    ),
    "an argument that the layer has not": (
        [ENTRY, {**DENSE, "name": "dense", "inbound_nodes": [{"args": [tensor("input")], "kwargs": {"spam": 1}}]}],
        {},
        UnsupportedError,
        r"called with arguments that scratchnn does not know: \['spam'\]",
    ),
    "a layer that is never called": (
        [ENTRY, called(DENSE, tensor("input")), {**BACK, "name": "back", "inbound_nodes": []}],
        {"weights": {**WEIGHTS, "layers/dense_1": [KERNEL.T]}},
        ConfigError,
        "Dense 'back': it has weights, but the model never calls it",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_by_name(what, tmp_path):
    layers, ends, error, message = REFUSED[what]
    with pytest.raises(error, match=message):
        load(tmp_path, layers, **ends)


def test_a_chain_of_5000_layers_written_backwards_takes_no_time(tmp_path):
    def activation(place):
        entry = layer("Activation", name=f"a{place}", activation="linear")
        return called(entry, tensor(f"a{place - 1}" if place else "input"))

    layers = [ENTRY, *(activation(place) for place in reversed(range(5000)))]
    start = time.process_time()
    model = load(tmp_path, layers, outputs=("a4999", 0, 0), weights={})
    assert time.process_time() - start < 5
    np.testing.assert_array_equal(model.forward(X), X)
