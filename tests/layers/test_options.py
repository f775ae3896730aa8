"""The readers of a config: what each takes, to the edge, and what it refuses by name."""

import numpy as np
import pytest

from scratchnn.errors import ConfigError, ScratchnnError, UnsupportedError, WeightError
from scratchnn.layers import build_layer
from scratchnn.layers.options import Options, Weights
from scratchnn.spec import LayerSpec, Weight

NOTHING = object()  # the key is not there


def options(value):
    return Options("Layer 'it'", {} if value is NOTHING else {"key": value})


READERS = {
    "integer": lambda o: o.integer("key"),
    "integer from 0": lambda o: o.integer("key", minimum=0),
    "any integer": lambda o: o.integer("key", minimum=None),
    "number": lambda o: o.number("key"),
    "share": lambda o: o.number("key", minimum=0, below=1),
    "flag": lambda o: o.flag("key"),
    "choice": lambda o: o.choice("key", ("a", None, 1)),
    "two sizes": lambda o: o.sizes("key", 2),
    "two sizes from 0": lambda o: o.sizes("key", 2, minimum=0),
    "axes": lambda o: o.axes("key", 3),
}


@pytest.mark.parametrize(("reader", "value", "result"), [
    ("integer", 1, 1), ("integer from 0", 0, 0), ("any integer", -3, -3),
    ("number", -2, -2.0), ("share", 0, 0.0), ("share", 0.999, 0.999),
    ("flag", False, False), ("choice", "a", "a"), ("choice", None, None), ("choice", 1, 1),
    ("two sizes", 1, (1, 1)), ("two sizes", [2, 1], (2, 1)), ("two sizes from 0", (0, 3), (0, 3)),
    ("axes", -1, -1), ("axes", 2, 2), ("axes", [1, 2], (1, 2)), ("axes", (-2,), (-2,)),
])  # fmt: skip
def test_takes(reader, value, result):
    found = READERS[reader](options(value))
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(("reader", "value"), [
    ("integer", 0), ("integer", True), ("integer", 1.0), ("integer", "1"), ("integer", None),
    ("integer from 0", -1), ("any integer", 0.5),
    ("number", float("nan")), ("number", float("inf")), ("number", "1"), ("number", True), ("number", None),
    ("share", -0.1), ("share", 1), ("share", 1.5),
    ("flag", 1), ("flag", None), ("flag", "true"),
    ("choice", "b"), ("choice", True), ("choice", 1.0),
    ("two sizes", 0), ("two sizes", True), ("two sizes", (2, 0)), ("two sizes", (0, 2)), ("two sizes", (1.5, 2)),
    ("two sizes", (2, True)), ("two sizes", (1,)), ("two sizes", (1, 2, 3)), ("two sizes", "12"),
    ("two sizes", None),
    ("two sizes from 0", -1), ("two sizes from 0", (1, -1)),
    ("axes", 0), ("axes", -3), ("axes", 3), ("axes", -4), ("axes", []), ("axes", [1, 1]), ("axes", [2, -1]),
    ("axes", True), ("axes", 1.0), ("axes", None),
])  # fmt: skip
def test_refuses(reader, value):
    with pytest.raises(ScratchnnError, match="'key'"):
        READERS[reader](options(value))


@pytest.mark.parametrize("reader", READERS)
def test_what_is_missing_has_no_default_of_its_own(reader):
    with pytest.raises(ConfigError, match="'key' is missing"):
        READERS[reader](options(NOTHING))


def test_defaults_stand_in_for_what_is_missing():
    none = options(NOTHING)
    assert none.integer("key", 4) == 4
    assert none.flag("key", True) is True
    assert none.sizes("key", 2, 3) == (3, 3)
    none.only("key", "a", "b")


def test_what_nobody_read_is_refused_unless_it_cannot_matter():
    Options("it", {"trainable": False, "kernel_initializer": "zeros", "name": "it"}).close()
    unread = options(1)
    with pytest.raises(UnsupportedError, match="key=1"):
        unread.close()
    unread.inert("key")
    unread.close()


@pytest.mark.parametrize(("name", "version", "result"), [
    ("hard_sigmoid", 1, "legacy_hard_sigmoid"), ("hard_sigmoid", 2, "legacy_hard_sigmoid"),
    ("hard_sigmoid", 3, "hard_sigmoid"), ("hard_sigmoid", 4, "hard_sigmoid"), ("relu", 2, "relu"), (None, 2, None),
    ({"class_name": "function", "config": "tanh"}, 3, "tanh"),
])  # fmt: skip
def test_activations_by_name(name, version, result):
    assert Options("it", {"activation": name}, version).activation() == result


def test_a_config_is_of_keras_3_unless_it_is_said_to_be_older():
    assert Options("it", {}).keras_version == 3
    assert Options("it", {"activation": "hard_sigmoid"}).activation() == "hard_sigmoid"


@pytest.mark.parametrize("value", ["made_up", {"class_name": "PReLU", "config": {}}, 3, ["relu"]])
def test_other_activations_are_refused(value):
    with pytest.raises(UnsupportedError, match="'activation'"):
        Options("it", {"activation": value}).activation()


def test_data_format_and_dtype():
    assert Options("it", {}).data_format() == "channels_last"
    assert Options("it", {"data_format": None}).data_format() == "channels_last"
    assert Options("it", {"data_format": "channels_first"}).data_format() == "channels_first"
    assert Options("it", {}).dtype() == np.float32
    policy = {"class_name": "DTypePolicy", "config": {"name": "float64"}}
    assert Options("it", {"dtype": policy}).dtype() == np.float64
    for wrong in ("mixed_float16", "int8", {"class_name": "QuantizedDTypePolicy", "config": {"name": "float32"}}):
        with pytest.raises(UnsupportedError, match="'dtype'"):
            Options("it", {"dtype": wrong}).dtype()


def test_weights_are_taken_in_order_and_whole():
    weights = Weights("it", [Weight("kernel", np.ones((2, 3))), Weight("bias", np.ones(3))])
    assert len(weights) == 2
    assert weights.take("kernel", (None, 3)).shape == (2, 3)
    with pytest.raises(WeightError, match="bias"):
        weights.close()
    with pytest.raises(WeightError, match=r"expected shape \(2\), got \(3,\)"):
        weights.take("bias", (2,))
    weights.close()
    with pytest.raises(WeightError, match="missing"):
        weights.take("more", (1,))
    large = np.ones((1000, 2))
    assert Weights("it", [Weight("kernel", large)]).take("kernel", (int("1000"), 2)) is large
    with pytest.raises(WeightError, match="real numbers"):
        Weights("it", [Weight("kernel", np.array(["a"]))]).take("kernel", (1,))


def dense_with(activation):
    weights = (Weight("kernel", np.array([[1.0, -1.0]])), Weight("bias", np.zeros(2)))
    return build_layer(LayerSpec("Dense", "d", {"units": 2, "activation": activation}, weights), (None, 1))


@pytest.mark.parametrize(
    ("class_name", "config", "negative"),
    [
        ("LeakyReLU", {"negative_slope": 0.1}, -0.2),
        ("LeakyReLU", {"alpha": 0.25}, -0.5),
        ("ReLU", {"max_value": 1.5, "negative_slope": 0.5, "threshold": 1.0}, -1.5),
        ("ELU", {"alpha": 2.0}, 2 * np.expm1(-2)),
        ("Activation", {"activation": "tanh"}, np.tanh(-2)),
    ],
)
def test_a_layer_in_the_place_of_an_activation(class_name, config, negative):
    layer = dense_with({"module": "keras.layers", "class_name": class_name, "config": config})
    assert layer.forward(np.array([[2.0]]))[0, 1] == pytest.approx(negative)


@pytest.mark.parametrize(
    ("serialized", "message"),
    [
        (
            {"class_name": "LeakyReLU", "config": {"negative_slope": 0.1, "shift": 1}},
            "activation LeakyReLU.*shift=1",
        ),
        ({"class_name": "LeakyReLU", "config": {"negative_slope": "a"}}, "activation LeakyReLU.*'negative_slope'"),
        ({"class_name": "LeakyReLU", "config": {"dtype": "float16"}}, "'dtype': expected the float32"),
        ({"class_name": "PReLU", "config": {}}, "or a layer that is one, got a layer of class 'PReLU'"),
        ({"class_name": "LeakyReLU", "module": "mine", "config": {}}, "a custom class, mine.LeakyReLU"),
        ({"class_name": ["LeakyReLU"], "config": {}}, "got a layer of class"),
    ],
)
def test_a_layer_that_is_no_activation_is_refused(serialized, message):
    with pytest.raises(ScratchnnError, match=message):
        dense_with(serialized)


@pytest.mark.parametrize(
    "config", [{"junk": [{}] * 100_000}, {"units": ["a"] * 100_000}, {"use_bias": "a" * 10**6}]
)
def test_long_values_are_cut_short_in_messages(config):
    with pytest.raises(ScratchnnError) as caught:
        build_layer(LayerSpec("Dense", "d", {"units": 2, "use_bias": False, **config}, ()), (None, 1))
    assert len(str(caught.value)) < 500
