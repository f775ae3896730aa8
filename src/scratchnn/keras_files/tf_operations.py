"""TensorFlow's functions in a graph of Keras 2 (`x + y`, `tf.concat`, `tf.nn.relu`) as Keras 3's operations.

Keras 2 wrote each as a layer TFOpLambda or SlicingOpLambda with the name of the function. That name is looked up
in the table below and nowhere else, so that a file can call nothing but these.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np

from ..errors import ScratchnnError, UnsupportedError
from .arguments import is_ref

CLASSES = ("TFOpLambda", "SlicingOpLambda")
CONSTANT = "_CONSTANT_VALUE"


@dataclass(frozen=True)
class Function:
    """One function of TensorFlow.

    Attributes:
        operation: the class in keras.src.ops.
        operands: the names of the arguments behind the first that may be tensors.
        options: the names of the others, with Keras 3's names.
        values: arguments that must have these values.
        defaults: Keras 3's options that TensorFlow's function has another default for.
        meanings: from TensorFlow's value of an option to Keras 3's, by Keras 3's name.
    """

    operation: str
    operands: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    meanings: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


def _alike(names: str, *more: Any, **named: Any) -> dict[str, Function]:
    """Functions that differ in nothing but their names: "tensorflow's:Keras's ..."."""
    pairs = [name.split(":") for name in names.split()]
    return {name: Function(operation, *more, **named) for name, operation in pairs}


def _cuts(sizes: Any) -> Any:
    """Where to cut for parts of these sizes; a number of equal parts as it is."""
    listed = isinstance(sizes, list) and all(type(size) is int and size >= 0 for size in sizes)
    return list(accumulate(sizes))[:-1] if listed else sizes


AXIS = {"axis": "axis"}
REDUCTION = {"axis": "axis", "keepdims": "keepdims"}
FUNCTIONS = {
    **_alike(
        "math.abs:Absolute math.negative:Negative math.sign:Sign math.floor:Floor math.ceil:Ceil math.exp:Exp "
        "math.expm1:Expm1 math.log:Log math.log1p:Log1p math.sqrt:Sqrt math.rsqrt:Rsqrt math.square:Square "
        "math.reciprocal:Reciprocal math.sin:Sin math.cos:Cos math.tan:Tan math.tanh:Tanh nn.tanh:Tanh "
        "math.sigmoid:Sigmoid nn.sigmoid:Sigmoid math.softplus:Softplus nn.softplus:Softplus nn.softsign:Softsign "
        "nn.relu:Relu nn.relu6:Relu6 nn.elu:Elu nn.selu:Selu math.erf:Erf math.logical_not:LogicalNot "
        "identity:Copy stop_gradient:StopGradient math.log_sigmoid:LogSigmoid math.asin:Arcsin math.acos:Arccos "
        "math.atan:Arctan math.sinh:Sinh math.cosh:Cosh math.asinh:Arcsinh math.acosh:Arccosh math.atanh:Arctanh "
        "math.round:Round zeros_like:ZerosLike ones_like:OnesLike"
    ),
    **_alike(
        "__operators__.add:Add math.add:Add math.subtract:Subtract math.multiply:Multiply "
        "math.truediv:TrueDivide math.divide:Divide math.divide_no_nan:DivideNoNan math.pow:Power "
        "math.floordiv:FloorDivide compat.v1.floor_div:FloorDivide math.floormod:Mod math.maximum:Maximum "
        "math.minimum:Minimum math.greater:Greater math.greater_equal:GreaterEqual math.less:Less "
        "math.less_equal:LessEqual math.equal:Equal math.not_equal:NotEqual math.logical_and:LogicalAnd "
        "math.logical_or:LogicalOr",
        ("y",),
    ),
    **_alike(
        "math.reduce_sum:Sum math.reduce_mean:Mean math.reduce_max:Max math.reduce_min:Min math.reduce_prod:Prod "
        "math.reduce_std:Std math.reduce_variance:Var math.reduce_any:Any math.reduce_all:All "
        "math.reduce_logsumexp:Logsumexp",
        options=REDUCTION,
    ),
    **_alike("nn.softmax:Softmax nn.log_softmax:LogSoftmax concat:Concatenate stack:Stack", options=AXIS),
    **_alike("expand_dims:ExpandDims squeeze:Squeeze compat.v1.squeeze:Squeeze", options=AXIS),
    **_alike(
        "transpose:Transpose compat.v1.transpose:Transpose",
        options={"perm": "axes"},
        values={"conjugate": False, "name": "transpose"},
    ),
    **_alike(
        "math.cumsum:Cumsum math.cumprod:Cumprod",
        options=AXIS,
        values={"exclusive": False, "reverse": False},
        defaults={"axis": 0},
    ),
    **_alike("sort:Sort argsort:Argsort", options=AXIS, values={"direction": "ASCENDING", "stable": False}),
    **_alike("gather:Take compat.v1.gather:Take", ("indices",), AXIS, {"batch_dims": 0}, defaults={"axis": 0}),
    **_alike("norm:Norm compat.v1.norm:Norm", options=REDUCTION, values={"ord": "euclidean"}),
    **_alike(
        "pad:Pad compat.v1.pad:Pad",
        ("constant_values",),
        {"paddings": "pad_width", "mode": "mode"},
        {"constant_values": 0},  # which Keras 3 takes for no other mode
        meanings={"mode": lambda mode: mode.lower() if isinstance(mode, str) else mode},
    ),
    "broadcast_to": Function("BroadcastTo", options={"shape": "shape"}),
    "math.atan2": Function("Arctan2", ("x",)),
    "math.l2_normalize": Function(
        "Normalize",
        options={"axis": "axis", "epsilon": "epsilon"},
        defaults={"axis": None, "epsilon": 1e-6},
        # TensorFlow's bounds the square of the length.
        meanings={"epsilon": lambda epsilon: math.sqrt(epsilon) if _is_number(epsilon) else epsilon},
    ),
    "math.top_k": Function("TopK", options={"k": "k", "sorted": "sorted"}, defaults={"k": 1}),
    "one_hot": Function("OneHot", options={"depth": "num_classes", "axis": "axis", "dtype": "dtype"}),
    "repeat": Function("Repeat", options={"repeats": "repeats", "axis": "axis"}),
    "reverse": Function("Flip", options=AXIS),
    "roll": Function("Roll", options={"shift": "shift", "axis": "axis"}),
    "split": Function(
        "Split",
        options={"num_or_size_splits": "indices_or_sections", "axis": "axis"},
        meanings={"indices_or_sections": _cuts},
    ),
    "tensordot": Function("Tensordot", ("b",), {"axes": "axes"}),
    "tile": Function("Tile", options={"multiples": "repeats"}),
    "unstack": Function("Unstack", options={"num": "num", "axis": "axis"}),
    "cast": Function("Cast", options={"dtype": "dtype"}),
    "clip_by_value": Function("Clip", options={"clip_value_min": "x_min", "clip_value_max": "x_max"}),
    "linalg.matmul": Function(
        "Matmul", ("b",), values=dict.fromkeys(("transpose_a", "transpose_b", "adjoint_a", "adjoint_b"), False)
    ),
    "nn.gelu": Function("Gelu", options={"approximate": "approximate"}, defaults={"approximate": False}),
    "nn.leaky_relu": Function("LeakyRelu", options={"alpha": "negative_slope"}),
    "nn.silu": Function("Silu", values={"beta": 1.0}),
    "reshape": Function("Reshape", options={"shape": "newshape"}),
    "where": Function("Where", ("x", "y")),
    "__operators__.getitem": Function("GetItem", ("slice_spec",)),
}


def modern_operation(entry: Any) -> tuple[Any, ScratchnnError | None]:
    """An entry of a model's list of layers, in Keras 3's words where it is a function of TensorFlow.

    Returns:
        The entry, and why it cannot be run if it is a function that scratchnn has no operation for.
    """
    if not isinstance(entry, Mapping) or entry.get("class_name") not in CLASSES:
        return entry, None
    try:
        return _translated(entry), None
    except UnsupportedError as fault:
        return entry, fault


def _translated(entry: Mapping[str, Any]) -> dict[str, Any]:
    config, nodes = entry.get("config"), entry.get("inbound_nodes")
    name = config.get("name") if isinstance(config, Mapping) else None
    label, known = (
        f"{entry['class_name']} {name!r}",
        config.get("function") if isinstance(config, Mapping) else None,
    )
    if not isinstance(known, str) or known not in FUNCTIONS:
        raise UnsupportedError(f"{label}: scratchnn has no operation for TensorFlow's function {known!r}")
    if not isinstance(nodes, list) or len(nodes) != 1:
        raise UnsupportedError(f"{label}: inbound_nodes: expected one call, got {nodes!r:.200}")
    function = FUNCTIONS[known]
    first, given = _split(nodes[0], label)
    options: dict[str, Any] = {**function.defaults, "name": name}
    passed = [key for key in function.operands if key in given and given[key] != function.values.get(key, ...)]
    operands = {key: given.pop(key) for key in passed}
    for key, value in given.items():
        if value is None or (key in function.values and function.values[key] == value):
            continue
        if key == "name":
            continue
        if key not in function.options or _has_tensors(value):
            raise UnsupportedError(f"{label}: scratchnn has no operation for {known!r} with {key}={value!r:.100}")
        option = function.options[key]
        options[option] = function.meanings[option](value) if option in function.meanings else value
    args = [_argument(first), *(_argument(operands[key]) for key in function.operands if key in operands)]
    return {
        # Which of Keras's modules has the operation does not matter here.
        **{"module": "keras.src.ops.numpy", "class_name": function.operation, "config": options, "name": name},
        "inbound_nodes": [{"args": args, "kwargs": {}}],
    }


def _split(node: Any, label: str) -> tuple[Any, dict[str, Any]]:
    """The first argument of a call, and the others by name, which stand behind each tensor of the first."""
    parts = node if isinstance(node, list) and node and isinstance(node[0], list) else [node]
    for part in parts:
        valid = isinstance(part, list) and len(part) == 4 and isinstance(part[3], Mapping)
        if not valid or not (part[0] == CONSTANT or is_ref(part)):
            raise UnsupportedError(f"{label}: inbound_nodes: expected tensors and constants, got {node!r:.200}")
    values = [part[2] if part[0] == CONSTANT else part[:3] for part in parts]
    return values[0] if parts[0] is node else values, dict(parts[0][3])


def _argument(value: Any) -> Any:
    """An argument as Keras 3 writes it."""
    if is_ref(value):
        return {"class_name": "__keras_tensor__", "config": {"keras_history": value}}
    if isinstance(value, Mapping) and set(value) == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": value}
    if isinstance(value, Mapping) and value.get("value") == "Ellipsis":
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, list) and _has_numbers_alone(value):
        dtype = "int32" if np.asarray(value).dtype.kind in "iu" else "float32"
        return {"class_name": "__numpy__", "config": {"value": value, "dtype": dtype}}
    return [_argument(item) for item in value] if isinstance(value, list) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _has_tensors(value: Any) -> bool:
    return is_ref(value) or (isinstance(value, list) and any(map(_has_tensors, value)))


def _has_numbers_alone(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_has_numbers_alone, value))
    return isinstance(value, int | float) and not isinstance(value, bool)
