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
    *("LogicalAnd", "LogicalOr", "LogicalXor", "Logaddexp", "Outer"),
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
    "Squareplus": {"b": 3},
    "SoftShrink": {"threshold": 0.3},
    "HardShrink": {"threshold": 0.3},
    "Threshold": {"threshold": 0.3, "default_value": -0.1},
    "NanToNum": {"nan": 0.1, "posinf": 3.7},
    "Sort": {"axis": 1},
    "Argsort": {"axis": 1},
    "TopK": {"k": 2},
    "Swapaxes": {"axis1": 0, "axis2": 2},
    "Moveaxis": {"source": 0, "destination": -1},
    "Roll": {"shift": 2, "axis": 1},
    "Tile": {"repeats": (1, 2, 1)},
    "Repeat": {"repeats": 2, "axis": 1},
    "BroadcastTo": {"shape": (2, 4, 5, 4)},
    "Pad": {"pad_width": ((0, 0), (1, 2), (0, 1)), "mode": "reflect"},
    "Split": {"indices_or_sections": 2, "axis": -1},
    "Unstack": {"axis": 1},
    "OneHot": {"num_classes": 3},
}
VARIED = {
    "Round": [{}, {"decimals": 1}, {"decimals": -1}],
    "Cumsum": [{"axis": None}, {"axis": 1}, {"axis": -1}],
    "Cumprod": [{"axis": None}, {"axis": 1}, {"axis": -1}],
    "Diff": [{"n": 1}, {"n": 2}, {"axis": 0}],
    "Norm": [{"axis": 1, "ord": 1}, {"axis": (0, 1)}, {"axis": -1, "ord": np.inf}, {"axis": 1, "keepdims": True}],
    "Normalize": [{"axis": 1}, {"order": 1}, {"axis": None, "epsilon": 0.1}],
    "Flip": [{"axis": None}, {"axis": 1}],
    "Tril": [{}, {"k": -1}],
    "Triu": [{}, {"k": 1}],
    "Sparsemax": [{}, {"axis": 1}],
    "CountNonzero": [{}, {"axis": 1}],
}
REDUCTIONS = ("Sum", "Mean", "Prod", "Var", "Std", "Max", "Min", "Argmax", "Argmin", "Any", "All", "Logsumexp")
REDUCTIONS += ("Amax", "Amin", "Median")
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
    if name in ("Arcsin", "Arccos", "Arctanh"):
        x = np.tanh(x)
    if name == "Arccosh":
        x = 1 + np.abs(x)
    if name in ("Dot", "Inner", "Tensordot", "Einsum", "Hypot", "Hstack", "Vstack", "Take", "TakeAlongAxis"):
        return several(name, rng, x, y)
    if name == "NanToNum":
        x = np.where(y > 1, np.inf, np.where(y < -1, np.nan, x))
    if name == "OneHot":
        x = rng.integers(-1, 4, (4, 5))
    if name in VARIED:
        return (x,), VARIED[name][seed % len(VARIED[name])]
    if name in ("Log", "Log2", "Log10", "Log1p", "Sqrt", "Rsqrt"):
        x = np.abs(x)
    if name == "FullLike":
        return (x, 0.1), {}
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


def several(name, rng, x, y):
    """Arguments of operations on several arrays."""
    return {
        "Dot": ((x, y[0].T), {}),
        "Inner": ((x, y[0]), {}),
        "Tensordot": ((x, y), {"axes": ((1, 2), (1, 2))}),
        "Einsum": ((x, y, y[:, 0]), {"subscripts": "bij,bkj,bj->bik"}),
        "Hypot": ((x, y), {}),
        "Hstack": (([x, y],), {}),
        "Vstack": (([x, y],), {}),
        "Take": ((x, rng.integers(-5, 5, (2, 3))), {"axis": 1}),
        "TakeAlongAxis": ((x, rng.integers(-5, 5, (4, 2, 1))), {"axis": 1}),
    }[name]


def keras_function(name):
    import keras

    if name == "GetItem":
        return lambda x, key: x[key]
    if name == "Einsum":
        return lambda *operands, subscripts: keras.ops.einsum(subscripts, *operands)
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
    result = keras_function(name)(*tensors, **options)
    return [np.asarray(one) for one in result] if isinstance(result, list | tuple) else np.asarray(result)


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
    result = layer(*args)
    rest = list(result[1:]) if isinstance(result, list) else []
    right = np.asarray(result[0] if rest else result)
    assert check_call(layer, args, {}, None, [right, *rest]).agrees
    wrong = right.copy()
    wrong.flat[0] = not right.flat[0] if right.dtype == bool else right.flat[0] * right.dtype.type(1.0001) + 1
    assert not check_call(layer, args, {}, None, [right, *rest], candidate=[wrong, *rest]).agrees
