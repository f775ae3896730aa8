"""Keras's operations in a graph: each against Keras, through a model file, on shapes that broadcast and reduce."""

import inspect
import pickle

import numpy as np
import pytest

from scratchnn import ConfigError, InputError, Model, UnsupportedError
from scratchnn.keras_files import spec_from_keras
from scratchnn.layers import LAYERS
from scratchnn.layers.operation_functions import cast
from scratchnn.layers.operations import Operation
from scratchnn.verify import verify

# Keras's own, in the shape of a tensordot with an open batch size.
pytestmark = pytest.mark.filterwarnings("ignore:NotImplemented should not be used in a boolean:DeprecationWarning")

OPERATIONS = sorted(name.removeprefix("ops.") for name in LAYERS if name.startswith("ops."))

UNARY = [
    *("absolute", "negative", "sign", "floor", "ceil", "trunc", "exp", "expm1", "square", "sin", "cos", "tan"),
    *("sinh", "cosh", "tanh", "arctan", "erf", "relu", "relu6", "sigmoid", "softplus", "softsign", "silu"),
    *("log_sigmoid", "hard_sigmoid", "hard_silu", "leaky_relu", "elu", "selu", "celu", "gelu", "hard_tanh"),
    *("tanh_shrink", "softmax", "log_softmax", "isnan", "isinf", "isfinite", "zeros_like", "ones_like", "copy"),
    *("logical_not", "stop_gradient", "arcsinh", "sparse_plus", "sparse_sigmoid", "squareplus", "soft_shrink"),
    *("hard_shrink", "sparsemax", "glu", "round", "nan_to_num", "ravel", "flip", "sort", "argsort", "diff"),
    *("tril", "triu", "normalize", "convert_to_tensor"),
]
POSITIVE = ["log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "arcsin", "arccos", "arctanh"]
BINARY = [
    *("add", "subtract", "multiply", "divide", "true_divide", "maximum", "minimum", "equal", "not_equal"),
    *("greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or", "logical_xor"),
    *("mod", "floor_divide", "divide_no_nan", "arctan2", "logaddexp"),
]
REDUCTIONS = ["sum", "mean", "max", "min", "prod", "std", "var", "logsumexp", "any", "all"]
REDUCTIONS += ["amax", "amin", "median"]


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
    yield from products(ops, x, y, z)
    yield from moved(ops, x, y, z)
    yield from chosen(ops, x, z)
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


def products(ops, x, y, z):
    yield "dot", ops.dot(x, np.ones((4, 2), np.float32))
    yield "dot of a vector", ops.dot(x, np.arange(4, dtype=np.float32))
    yield "inner", ops.inner(x, np.ones((2, 4), np.float32))
    yield "outer", ops.outer(x, y)
    yield "tensordot", ops.tensordot(x, np.ones((4, 3, 2), np.float32), axes=[[2, 1], [0, 1]])
    yield "tensordot of two", ops.tensordot(x, np.ones((3, 4, 2), np.float32))
    yield "einsum", ops.einsum("bij,bkj->bik", x, z)
    yield "einsum with dots", ops.einsum("...j,jk", x, np.ones((4, 2), np.float32))
    yield "einsum of three", ops.einsum("bij,bkj,bij->bk", x, y, z)
    for axis in (1, -1, (1, 2)):
        yield f"norm {axis}", ops.norm(x, axis=axis, keepdims=True)
    yield from ((f"norm {order}", ops.norm(x, ord=order, axis=-1)) for order in (1, 2, float("inf")))
    yield "normalize in sums", ops.normalize(x, axis=1, order=1)
    yield "normalize from epsilon", ops.normalize(x, epsilon=3.0)
    for name in ("cumsum", "cumprod"):
        yield from ((f"{name} {axis}", getattr(ops, name)(x, axis=axis)) for axis in (None, 1, -1))
        yield f"{name} of whole numbers", getattr(ops, name)(ops.cast(x, "int32"), axis=1)
    yield "hypot", ops.hypot(x, y)
    yield "second differences", ops.diff(x, n=2, axis=1)


def moved(ops, x, y, z):
    yield "swapaxes", ops.swapaxes(x, 1, -1)
    yield "moveaxis", ops.moveaxis(x, 2, 1)
    yield "moveaxis of two", ops.moveaxis(x, (1, 2), (0, 1))
    yield "flip", ops.flip(x, axis=1)
    yield "roll", ops.roll(x, 1, axis=1)
    yield "roll of two", ops.roll(x, (1, -2), axis=(1, 2))
    yield "roll of all", ops.roll(x, 2)
    yield "tile", ops.tile(x, (1, 2, 3))
    yield "tile the last", ops.tile(x, 2)
    yield "repeat", ops.repeat(x, 2, axis=1)
    yield "repeat each", ops.repeat(x, [1, 0, 2], axis=1)
    yield "repeat all", ops.repeat(x, 3)
    yield "broadcast_to", ops.broadcast_to(y, (2, 3, 4))
    yield "pad", ops.pad(x, [[0, 0], [1, 2], [0, 1]])
    yield "pad with a number", ops.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=0.3)
    yield from ((f"pad {mode}", ops.pad(x, [[0, 0], [1, 2], [2, 0]], mode)) for mode in ("reflect", "symmetric"))
    yield "hstack", ops.hstack([x, y])
    yield "vstack", ops.vstack([x, z])
    yield from ((f"part {place}", part) for place, part in enumerate(ops.split(x, 2, axis=-1)))
    yield from ((f"cut {place}", part) for place, part in enumerate(ops.split(x, [1, 3], axis=-1)))
    yield from ((f"row {place}", part) for place, part in enumerate(ops.unstack(x, axis=1)))
    yield "tril", ops.tril(x, -1)
    yield "triu", ops.triu(x, 1)


def chosen(ops, x, z):
    ids = ops.argmax(x, axis=1)
    yield "take", ops.take(x, [2, 0, -1], axis=1)
    yield "take one", ops.take(x, 1, axis=-1)
    yield "take of all", ops.take(x, [5, 0])
    yield "take what was found", ops.take(np.arange(12, dtype=np.float32).reshape(3, 4), ids, axis=0)
    yield "take_along_axis", ops.take_along_axis(x, ops.argsort(z, axis=1), axis=1)
    yield "take_along_axis, stretched", ops.take_along_axis(x, ops.argsort(z, axis=1)[:, :, :1], axis=1)
    yield "one_hot", ops.one_hot(ids, 3)
    yield "one_hot of others", ops.one_hot(ids - 1, 2, axis=1, dtype="int32")
    values, places = ops.top_k(x, 2)
    yield from (("top_k", values), ("places of top_k", places))
    yield "sort", ops.sort(x, axis=1)
    yield "sort of all", ops.sort(x, axis=None)
    yield "argsort", ops.argsort(x, axis=1)
    yield "count_nonzero", ops.count_nonzero(ops.relu(x), axis=1)
    yield "full_like", ops.full_like(x, 2.5)
    yield "full_like of whole numbers", ops.full_like(x, 3, dtype="int32")
    yield "threshold", ops.threshold(x, 0.3, -1.5)
    yield "round", ops.round(x, decimals=2)
    yield "nan_to_num", ops.nan_to_num(ops.log(x), nan=1.5)
    yield "infinities", ops.nan_to_num(x / ops.relu(x), posinf=7.0, neginf=-7.0)
    yield "arccosh", ops.arccosh(1.0 + z)
    yield "glu", ops.glu(x, axis=-1)
    yield "sparsemax", ops.sparsemax(x, axis=1)
    yield "squareplus", ops.squareplus(x, b=1)
    yield "soft_shrink", ops.soft_shrink(x, threshold=0.3)
    yield "hard_shrink", ops.hard_shrink(x, threshold=0.3)
    yield "median of two", ops.median(x, axis=-1)


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


# What is float32 in any model: no operand is a float.
OF_WHOLE_NUMBERS = ("cast", "cast back", "mean of whole numbers", "one_hot", "take what was found")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_operation_gives_what_keras_gives(keras_model, inputs, dtype):
    model = Model(spec_from_keras(keras_model)).astype(dtype)
    ours = model.forward(inputs)
    theirs = {name: np.asarray(value) for name, value in keras_model(inputs).items()}
    assert list(ours) == list(theirs)
    shapes = dict(zip(model.spec.output_names, model.output_shapes, strict=True))
    assert shapes == {name: tuple(tensor.shape) for name, tensor in keras_model.output.items()}
    for name, expected in theirs.items():
        result = ours[name]
        assert result.shape == expected.shape, name
        if expected.dtype.kind == "f":
            assert result.dtype == (np.float32 if name in OF_WHOLE_NUMBERS else dtype), name
            # A few roundings of numbers of the size of the terms, which are below 100.
            np.testing.assert_allclose(result, expected, rtol=3e-6, atol=3e-6, err_msg=name)
        else:
            assert result.dtype == expected.dtype, name
            np.testing.assert_array_equal(result, expected, err_msg=name)


def test_predict_gives_what_keras_gives_for_the_same_batches(keras_model, inputs):
    """Some operations let the samples of a batch meet, so the fast way must not cut it up."""
    model = Model(spec_from_keras(keras_model))
    assert model.mixes_samples
    theirs = {name: np.asarray(value) for name, value in keras_model(inputs).items()}
    for name, result in model.predict(inputs).items():
        assert result.shape == theirs[name].shape, name
        np.testing.assert_allclose(result, theirs[name], rtol=3e-6, atol=3e-6, err_msg=name)


@pytest.mark.parametrize(
    ("mixes", "function"),
    [
        (True, lambda ops, x: x - ops.mean(x)),
        (True, lambda ops, x: ops.softmax(x, axis=0)),
        (True, lambda ops, x: ops.flip(x, axis=0)),
        (True, lambda ops, x: ops.cumsum(x, axis=-3)),
        (True, lambda ops, x: ops.reshape(x, (-1, 3))),
        (True, lambda ops, x: ops.einsum("bij,cij->bi", x, x)),
        (True, lambda ops, x: ops.dot(x, x[..., :1] * 0 + x)),
        (False, lambda ops, x: ops.flip(x, axis=1) - ops.mean(x, axis=(1, 2), keepdims=True)),
        (False, lambda ops, x: ops.reshape(x, (-1, 9))),
        (False, lambda ops, x: ops.einsum("bij,bkj->bik", x, x)),
        (False, lambda ops, x: ops.stack(ops.split(x, 3, axis=1), axis=1)),
    ],
)
def test_samples_that_meet_are_run_in_one_batch(mixes, function):
    import keras

    x = keras.Input((3, 3))
    keras_model = keras.Model(x, function(keras.ops, x))
    model = Model(spec_from_keras(keras.Model(x, keras.Sequential([keras_model])(x))))
    assert model.mixes_samples == mixes
    array = np.random.default_rng(1).normal(size=(7, 3, 3)).astype(np.float32)
    np.testing.assert_allclose(model.predict(array), keras_model.predict_on_batch(array), rtol=1e-6, atol=1e-6)


def test_batches_are_those_of_the_caller_where_samples_meet():
    import keras

    x = keras.Input((3,))
    keras_model = keras.Model(x, x - keras.ops.mean(x))
    array = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)
    got = Model(spec_from_keras(keras_model)).predict(array, batch_size=3)
    np.testing.assert_allclose(got, keras_model.predict(array, batch_size=3, verbose=0), rtol=1e-6, atol=1e-6)


def test_every_registered_operation_is_in_the_table(keras_model):
    used = {layer.class_name for layer in spec_from_keras(keras_model).layers}
    assert {f"ops.{name}" for name in OPERATIONS} <= used


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_survives_a_pickle(name):
    layer = LAYERS[f"ops.{name}"](name="operation")
    copy = pickle.loads(pickle.dumps(layer))
    assert type(copy) is type(layer)
    assert vars(copy) == vars(layer)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_option_left_out_has_the_default_of_keras(name):
    from keras.src.ops import core, linalg, math, nn, numpy

    keras_class = next(getattr(place, name) for place in (numpy, nn, core, math, linalg) if hasattr(place, name))
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
        ("Split", [(None, 3)], {"indices_or_sections": 2, "axis": 1}),
        ("Split", [(None, 3)], {"indices_or_sections": (2, 1), "axis": 1}),
        ("Split", [(None, 3)], {"indices_or_sections": 10**12, "axis": 0}),
        ("Unstack", [(None, 3)], {"axis": 0}),
        ("Unstack", [(None, 3)], {"num": 2, "axis": 1}),
        ("TopK", [(None, 3)], {"k": 4}),
        ("Tril", [(None,)], {}),
        ("Glu", [(None, 3)], {}),
        ("Diff", [(None, 3)], {"n": -1}),
        ("Pad", [(None, 3)], {"pad_width": ((0, 0), (0, 3)), "mode": "reflect"}),
        ("Pad", [(None, 3)], {"pad_width": ((0, 0), (0, 4)), "mode": "symmetric"}),
        ("Pad", [(None, 3)], {"pad_width": ((0, 0), (0, -1))}),
        ("Repeat", [(None, 3)], {"repeats": (1, 2), "axis": 1}),
        ("BroadcastTo", [(None, 3)], {"shape": (2, 4)}),
        ("BroadcastTo", [(None, 3)], {"shape": (3,)}),
        ("TakeAlongAxis", [(None, 3), (None, 3, 1)], {"axis": 1}),
        ("TakeAlongAxis", [(None, 3), (7, 4)], {"axis": 0}),
        ("Dot", [(None, 3), (4, 2)], {}),
        ("Inner", [(None, 3), (2, 4)], {}),
        ("Tensordot", [(None, 3), (4, 2)], {"axes": 1}),
        ("Tensordot", [(None, 3), (3, 2)], {"axes": ((1, 0), (0,))}),
        ("Einsum", [(None, 3), (4, 2)], {"subscripts": "bi,ij->bj"}),
        ("Einsum", [(None, 3)], {"subscripts": "bij->b"}),
        ("Einsum", [(None, 3), (3, 2)], {"subscripts": "bi->b"}),
    ],
)
def test_operands_that_do_not_fit_are_refused(name, args, options):
    operation = LAYERS[f"ops.{name}"](name="op", **options)
    assert isinstance(operation, Operation)
    with pytest.raises(ConfigError, match=f"{name} 'op': no result for"):
        operation.call_shape(args, {})


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("Pad", (None, 3), {"pad_width": 1, "mode": "edge"}, "'mode': expected one of constant, reflect, symm"),
        ("OneHot", (None, 3), {"num_classes": 3, "sparse": True}, "'sparse': expected False, got True"),
        ("TopK", (None, 3), {"k": 1, "sorted": False}, "'sorted': expected True, got False"),
        ("Norm", (None, 3), {"ord": 3, "axis": 1}, "'ord' for 1 axes: expected one of .*, got 3"),
        ("Norm", (None, 3, 4), {"ord": "nuc", "axis": (1, 2)}, "'ord' for 2 axes: expected one of .*, got 'nuc'"),
        ("Norm", (None, 3, 4), {}, "'ord' for 3 axes"),
        ("Normalize", (None, 3), {"order": 3}, "'order': expected one of 1, 2, got 3"),
        ("ConvertToTensor", (None, 3), {"sparse": True}, "'sparse'"),
    ],
)
def test_options_that_are_not_supported_are_refused(name, shape, options, message):
    with pytest.raises(UnsupportedError, match=message):
        LAYERS[f"ops.{name}"](name="op", **options).call_shape([shape], {})


def test_a_place_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="Take 'op'"):
        LAYERS["ops.Take"](name="op", axis=0).forward(np.ones(3), np.array([3]))
    with pytest.raises(InputError, match="TakeAlongAxis 'op'"):
        LAYERS["ops.TakeAlongAxis"](name="op", axis=0).forward(np.ones(3), np.array([-4]))


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


def whole_calls(ops, x, y):
    """What makes floats or wider numbers of whole ones, beside what keeps them."""
    yield from ((name, getattr(ops, name)(x)) for name in ("exp", "sqrt", "arctan", "floor", "ceil", "trunc"))
    yield from ((name, getattr(ops, name)(x, axis=1)) for name in ("sum", "prod", "mean", "max", "median", "std"))
    yield from ((f"{name} of axis 1", getattr(ops, name)(x, axis=1)) for name in ("cumsum", "norm", "argmax"))
    yield from (
        (name, getattr(ops, name)(x, y)) for name in ("divide", "arctan2", "logaddexp", "maximum", "power")
    )
    yield from (("double", x * 2), ("one less", x - 1), ("half", x / 2), ("halves", x * 0.5), ("square", x**2))
    yield from (("clip", ops.clip(x, 0, 2)), ("wide", ops.cast(x, "int64")), ("one_hot", ops.one_hot(x, 3)))
    yield from (("where", ops.where(x > 1, x, 0.5)), ("tile", ops.tile(x, 2)), ("squared", ops.square(x)))
    yield "einsum", ops.einsum("bij,bkj->bik", x, y)
    yield "matmul", ops.matmul(x, ops.swapaxes(y, 1, 2))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
def test_whole_numbers_become_what_keras_makes_of_them(dtype):
    import keras

    x, y = (keras.Input((3, 4), dtype=dtype) for _ in range(2))
    pairs = dict(_that_keras_runs(whole_calls(keras.ops, x, y), dtype))
    keras_model = keras.Model([x, y], pairs)
    rng = np.random.default_rng(0)
    inputs = [rng.integers(1, 2 if dtype == "bool" else 5, (2, 3, 4)).astype(dtype) for _ in range(2)]
    ours = Model(spec_from_keras(keras_model)).forward(inputs)
    for name, expected in keras_model(inputs).items():
        assert ours[name].dtype == np.asarray(expected).dtype, name
        np.testing.assert_allclose(ours[name], expected, rtol=1e-6, atol=1e-6, err_msg=name)


def _that_keras_runs(pairs, dtype):
    """TensorFlow has no powers, differences and products of truth values."""
    without = {"bool": ("power", "square", "one less", "maximum", "matmul", "einsum"), "uint8": ()}
    return (pair for pair in pairs if pair[0] not in without.get(dtype, ()))


BY_BATCH = ("broadcast_to", "vstack", "repeat all", "roll of all", "moveaxis of two", "sort of all", "take of all")
IN_A_GRAPH = ("inner",)  # Keras 3.15 on TensorFlow runs it outside of a graph alone


def only_two(table):
    """A table of x and z alone takes y too."""
    return table if table is not chosen else lambda ops, x, y, z: chosen(ops, x, z)


@pytest.mark.parametrize("table", [products, moved, chosen])
def test_verify_agrees_operation_by_operation(table, tmp_path):
    import keras

    inputs = [keras.Input((rows, 4)) for rows in (3, 1, 3)]
    z = keras.ops.sigmoid(inputs[2]) * 0.9 + 0.05
    pairs = only_two(table)(keras.ops, *inputs[:2], z)
    outputs = {name: output for name, output in pairs if name not in (*BY_BATCH, *IN_A_GRAPH)}
    keras.Model(inputs, outputs).save(tmp_path / "model.keras")
    result = verify(tmp_path / "model.keras", samples=3)
    assert result.error is None, result.error
    off = [layer for layer in result.layers if not layer.agreement.agrees]
    assert not off, "; ".join(
        f"{layer.name}: {layer.agreement.verdict.value}: {layer.agreement.reason}" for layer in off
    )
    assert result.agrees, result.outputs


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8", "int32", "int64", "bool"])
def test_constants_have_the_dtype_that_is_asked_for(dtype):
    for name in ("ZerosLike", "OnesLike"):
        for operand in (np.ones(3, np.float32), np.ones(3, bool)):
            assert LAYERS[f"ops.{name}"](name="op", dtype=dtype).forward(operand).dtype == dtype


def test_floats_are_not_cut_to_float16():
    with pytest.raises(
        UnsupportedError, match="cast: expected a dtype that keeps the numbers, got 'float16' for float32"
    ):
        cast(np.ones(2, np.float32), "float16")
    assert cast(np.ones(2, np.float16), "float16").dtype == np.float16
    assert cast(np.ones(2, np.float64), "float32").dtype == np.float64  # the run may be in float64
    assert cast(np.ones(2, np.float32), "float64").dtype == np.float64
