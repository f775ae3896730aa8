"""Every operation of `keras.ops` that scratchnn runs: no false alarm, and a rule for each."""

import re

import numpy as np
import pytest

from scratchnn.agreement import check_call
from scratchnn.layers.base import LAYERS

from .random_calls import REGIMES, fill

NAMES = sorted(name.removeprefix("ops.") for name in LAYERS if name.startswith("ops."))
LOGICAL = ("LogicalAnd", "LogicalOr", "LogicalXor", "LogicalNot", "Any", "All")
BINARY = (
    *("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Power", "Mod", "FloorDivide", "DivideNoNan"),
    *("Arctan2", "Maximum", "Minimum", "Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"),
    *("LogicalAnd", "LogicalOr", "LogicalXor"),
)
OPTIONS = {
    "Cast": {"dtype": "float32"},
    "Transpose": {"axes": (1, 0, 2)},
    "Reshape": {"newshape": (4, -1)},
    "ExpandDims": {"axis": 1},
    "Clip": {"x_min": -0.3, "x_max": 0.7},
    "LeakyRelu": {"negative_slope": 0.1},
    "Elu": {"alpha": 0.7},
    "Celu": {"alpha": 0.7},
}
REDUCTIONS = ("Sum", "Mean", "Prod", "Var", "Std", "Max", "Min", "Argmax", "Argmin", "Any", "All", "Logsumexp")
# Functions whose name in keras.ops is not that of their class.
FUNCTION_NAMES = {"Isnan": "isnan", "Isinf": "isinf", "Isfinite": "isfinite", "Logsumexp": "logsumexp"}


def arguments(name, seed):
    rng = np.random.default_rng([seed, *name.encode()])
    regime = REGIMES[seed % len(REGIMES)]
    x, y = (fill(rng, (4, 5, 4), regime) for _ in range(2))
    if name in LOGICAL:
        x, y = x > 0, y > 0
    if name == "Power":
        x = np.abs(x)
    if name in ("Arcsin", "Arccos"):
        x = np.tanh(x)
    if name in ("Log", "Log2", "Log10", "Log1p", "Sqrt", "Rsqrt"):
        x = np.abs(x)
    if name == "Matmul":
        return (x, np.swapaxes(y, 1, 2)), {}
    if name == "Where":
        return (x > 0, x, y), {}
    if name in ("Concatenate", "Stack"):
        return ([x, y],), {"axis": 1}
    if name == "Squeeze":
        return (x[:, :1],), {"axis": 1}
    if name == "GetItem":
        return (x, (slice(None), -1)), {}
    if name in BINARY:
        second = (0.1 if seed % 4 == 0 else 3.0) if seed % 2 == 0 and name not in LOGICAL else y
        return (x, second), {}
    if name in REDUCTIONS:
        return (x,), {"axis": [None, 1, -1][seed % 3], "keepdims": bool(seed % 2)}
    return (x,), OPTIONS.get(name, {})


def keras_function(name):
    import keras

    if name == "GetItem":
        return lambda x, key: x[key]
    snake = FUNCTION_NAMES.get(name, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
    return getattr(keras.ops, snake)


def in_float64(args):
    return tuple(
        [each.astype(np.float64) for each in arg]
        if isinstance(arg, list)
        else arg.astype(np.float64)
        if isinstance(arg, np.ndarray) and arg.dtype.kind == "f"
        else arg
        for arg in args
    )


def run_keras(name, args, options, dtype):
    import keras

    options = {**options, "dtype": dtype} if name == "Cast" else options
    tensors = [
        keras.ops.convert_to_tensor(arg) if isinstance(arg, np.ndarray) and name != "GetItem" else arg
        for arg in args
    ]
    if name == "GetItem":
        tensors[0] = keras.ops.convert_to_tensor(args[0])
    return np.asarray(keras_function(name)(*tensors, **options))


@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
def test_keras_and_scratchnn_agree(name):
    for seed in range(12):
        args, options = arguments(name, seed)
        layer = LAYERS[f"ops.{name}"](**options)
        reference = run_keras(name, args, options, "float32")
        wide = in_float64(args)
        result = check_call(
            layer, args, {}, None, reference, reference64=run_keras(name, wide, options, "float64")
        )
        assert result.agrees, f"seed {seed} ({REGIMES[seed % 6]}): {result}"


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_operation_is_off(name):
    """With the right result in the place of Keras's, and a candidate that is off by 1e-4 in one place."""
    args, options = arguments(name, 0)
    layer = LAYERS[f"ops.{name}"](**options)
    right = np.asarray(layer(*args))
    assert check_call(layer, args, {}, None, right).agrees
    wrong = right.copy()
    wrong.flat[0] = not right.flat[0] if right.dtype == bool else right.flat[0] * right.dtype.type(1.0001) + 1
    assert not check_call(layer, args, {}, None, right, candidate=wrong).agrees
