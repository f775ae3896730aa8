"""Keras's operations in a graph: each against Keras, through a model file, on shapes that broadcast and reduce."""

import inspect

import numpy as np
import pytest

from scratchnn import ConfigError, InputError, Model
from scratchnn.keras_files import spec_from_keras
from scratchnn.layers import LAYERS
from scratchnn.layers.operations import Operation

OPERATIONS = sorted(name.removeprefix("ops.") for name in LAYERS if name.startswith("ops."))

UNARY = [
    *("absolute", "negative", "sign", "floor", "ceil", "trunc", "exp", "expm1", "square", "sin", "cos", "tan"),
    *("sinh", "cosh", "tanh", "arctan", "erf", "relu", "relu6", "sigmoid", "softplus", "softsign", "silu"),
    *("log_sigmoid", "hard_sigmoid", "hard_silu", "leaky_relu", "elu", "selu", "celu", "gelu", "hard_tanh"),
    *("tanh_shrink", "softmax", "log_softmax", "isnan", "isinf", "isfinite", "zeros_like", "ones_like", "copy"),
    *("logical_not", "stop_gradient"),
]
POSITIVE = ["log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "arcsin", "arccos"]
BINARY = [
    *("add", "subtract", "multiply", "divide", "true_divide", "maximum", "minimum", "equal", "not_equal"),
    *("greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or", "logical_xor"),
    *("mod", "floor_divide", "divide_no_nan", "arctan2"),
]
REDUCTIONS = ["sum", "mean", "max", "min", "prod", "std", "var", "logsumexp", "any", "all"]


def calls(ops, x, y, z):
    """Every operation in every form: x (batch, 3, 4), y (batch, 1, 4), z (batch, 3, 4) in (0, 1)."""
    yield from ((name, getattr(ops, name)(x)) for name in UNARY)
    yield from ((name, getattr(ops, name)(z)) for name in POSITIVE)
    yield from ((f"{name} of tensors", getattr(ops, name)(x, y)) for name in BINARY)
    yield from ((f"{name} of a number", getattr(ops, name)(x, 0.5)) for name in BINARY)
    for axis in (None, 1, -1, (1, 2)):
        for keepdims in (False, True) if axis is not None else (True,):
            for name in REDUCTIONS:
                yield f"{name} {axis} {keepdims}", getattr(ops, name)(x, axis=axis, keepdims=keepdims)
    yield from ((name, getattr(ops, name)(x, axis=1)) for name in ("argmax", "argmin"))
    yield "number first", 1.0 - x / 3.0
    yield "python", -(x**2) * y + abs(x)
    yield "power", ops.power(z, 1.5)
    yield "where", ops.where(x > y, x, y)
    yield "clip", ops.clip(x, -0.5, 1.0)
    yield "cast", ops.cast(ops.cast(x, "int32"), "float32") * 0.5
    yield "cast back", ops.cast(ops.cast(x, "int32"), "float32")
    yield "cast to its own", ops.cast(x, "float32")
    yield "mean of whole numbers", ops.mean(ops.cast(x, "int32"), axis=1)
    yield "divide_no_nan by zero", ops.divide_no_nan(x, ops.zeros_like(x))
    yield "constant", x * np.arange(12, dtype=np.float32).reshape(3, 4)
    yield "matmul", ops.matmul(x, ops.transpose(z, (0, 2, 1)))
    yield "concatenate", ops.concatenate([x, y], axis=1)
    for axis in (0, 1, 3, -1, -4):
        yield f"stack {axis}", ops.stack([x, z], axis=axis)
    yield "stack of sizes", ops.stack([x[:, 0], z[:, 1], y[:, 0]], axis=1)
    yield "concatenate last", ops.concatenate([x, z], axis=-1)
    yield "concatenate a constant", ops.concatenate([np.ones((2, 3, 4), np.float32), x], axis=0)
    yield "matmul of rows", ops.matmul(ops.reshape(x, (-1, 4)), np.arange(8, dtype=np.float32).reshape(4, 2))
    yield "matmul of a matrix", ops.matmul(x, np.arange(8, dtype=np.float32).reshape(4, 2))
    yield "expand_dims in front", ops.expand_dims(x, (1, -1))
    yield "reshape to one axis", ops.reshape(x, -1)
    yield "transposed", ops.transpose(x)
    yield "expand_dims", ops.expand_dims(x, -1)
    yield "squeeze", ops.squeeze(y, 1)
    yield "reshape", ops.reshape(x, (-1, 12))
    yield "last", x[:, -1]
    yield "slices", x[..., 1:3]
    yield "steps", x[:, ::2, None]
    yield "softmax over axis 1", ops.softmax(x, axis=1)
    yield "slope", ops.leaky_relu(x, negative_slope=0.3)
    yield "gelu exact", ops.gelu(x, approximate=False)
    yield "elu alpha", ops.elu(x, alpha=0.5)


@pytest.fixture(scope="module")
def keras_model():
    import keras

    x, y, z = (keras.Input((rows, 4), name=name) for rows, name in ((3, "x"), (1, "y"), (3, "z")))
    return keras.Model([x, y, z], dict(calls(keras.ops, x, y, z)))


@pytest.fixture(scope="module")
def inputs():
    generator = np.random.default_rng(3)
    x, y = (generator.normal(0, 2, (2, rows, 4)) for rows in (3, 1))
    z = generator.uniform(0.05, 0.95, (2, 3, 4))
    y[0, 0, 0] = x[0, 0, 0]  # for the comparisons
    return [array.astype(np.float32) for array in (x, y, z)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_operation_gives_what_keras_gives(keras_model, inputs, dtype):
    model = Model(spec_from_keras(keras_model))
    ours = model.forward([array.astype(dtype) for array in inputs])
    theirs = {name: np.asarray(value) for name, value in keras_model(inputs).items()}
    assert list(ours) == list(theirs)
    shapes = dict(zip(model.spec.output_names, model.output_shapes, strict=True))
    assert shapes == {name: tuple(tensor.shape) for name, tensor in keras_model.output.items()}
    for name, expected in theirs.items():
        result = ours[name]
        assert result.shape == expected.shape, name
        if expected.dtype.kind == "f":
            of_whole_numbers = name in ("cast", "cast back", "mean of whole numbers")
            assert result.dtype == (np.float32 if of_whole_numbers else dtype), name
            # A few roundings of numbers of the size of the terms, which are below 100.
            np.testing.assert_allclose(result, expected, rtol=3e-6, atol=3e-6, err_msg=name)
        else:
            assert result.dtype == expected.dtype, name
            np.testing.assert_array_equal(result, expected, err_msg=name)


def test_every_registered_operation_is_in_the_table(keras_model):
    used = {layer.class_name for layer in spec_from_keras(keras_model).layers}
    assert {f"ops.{name}" for name in OPERATIONS} <= used


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_option_left_out_has_the_default_of_keras(name):
    from keras.src.ops import core, math, nn, numpy

    keras_class = next(getattr(place, name) for place in (numpy, nn, core, math) if hasattr(place, name))
    theirs = inspect.signature(keras_class.__init__).parameters
    ours = LAYERS[f"ops.{name}"].defaults
    given = {key: theirs[key].default for key in ours if theirs[key].default is not inspect.Parameter.empty}
    assert given == {key: ours[key] for key in given}


def test_the_model_that_is_built_from_our_spec_is_the_same(keras_model, inputs):
    import keras

    from scratchnn.keras_files import modern_config

    rebuilt = keras.saving.deserialize_keras_object(modern_config(spec_from_keras(keras_model)))
    theirs, again = keras_model(inputs), rebuilt(inputs)
    for name in theirs:
        np.testing.assert_array_equal(theirs[name], again[name])


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("Add", [(None, 3), (None, 4)], {}),
        ("Sum", [(None, 3)], {"axis": 2}),
        ("Sum", [(None, 3)], {"axis": 3}),
        ("Sum", [(None, 3)], {"axis": -3}),
        ("Sum", [(None, 3)], {"axis": (1, 1)}),
        ("Squeeze", [(None, 3)], {"axis": 1}),
        ("Transpose", [(None, 3)], {"axes": (0,)}),
        ("Reshape", [(None, 3)], {"newshape": (-1, -1)}),
        ("GetItem", [(None, 3), [slice(None), 5]], {}),
        ("Matmul", [(None, 3, 4), (None, 3, 4)], {}),
        ("Concatenate", [[(None, 3), (None, 4, 1)]], {"axis": 1}),
        ("Stack", [[(None, 3), (None, 4)]], {"axis": 0}),
    ],
)
def test_operands_that_do_not_fit_are_refused(name, args, options):
    operation = LAYERS[f"ops.{name}"](name="op", **options)
    assert isinstance(operation, Operation)
    with pytest.raises(ConfigError, match=f"{name} 'op': no result for"):
        operation.call_shape(args, {})


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="Add 'op'"):
        LAYERS["ops.Add"](name="op").forward(np.ones(3), np.ones(4))


def test_a_quotient_by_zero_is_zero_without_a_warning():
    x, y = np.array([1.0, -2.0, 3.0, 0.0, 5.0]), np.array([0.0, -1.0, 2.0, 0.0, 1.0])
    divide = LAYERS["ops.DivideNoNan"](name="op")
    with np.errstate(all="raise"):
        assert divide.forward(x, y).tolist() == [0, 2, 1.5, 0, 5]
        assert divide.forward(x, 0).tolist() == [0] * 5
        assert divide.forward(6.0, np.array([3.0, 0.0])).tolist() == [2, 0]


def test_whole_numbers_beside_floats_are_rounded_to_their_dtype_first():
    import keras

    whole, three = np.array([2**24 + 1, -7], np.int32), np.array([3, 0.5], np.float32)
    theirs = np.asarray(keras.ops.multiply(whole, three))
    for ours in (LAYERS["ops.Multiply"](name="op").forward(*pair) for pair in ((whole, three), (three, whole))):
        assert (ours.dtype, ours.tolist()) == (theirs.dtype, theirs.tolist())
        assert ours.tolist() == [3 * 2**24, -3.5]
