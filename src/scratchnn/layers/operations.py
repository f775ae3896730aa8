"""Keras's operations in a graph: what `x + y`, `x[:, -1]` or `keras.ops.mean(x)` of Keras tensors become.

Each is registered as "ops.<class in keras.src.ops>", since some share their name with a layer (Add, Softmax).
Source: https://keras.io/api/ops/
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from .. import activations
from ..errors import ConfigError, InputError
from ..spec import Shape
from . import operation_functions as functions
from . import operation_product_shapes as product_shapes
from . import operation_shapes as shapes
from .base import Layer, register
from .options import Options, Weights


class Operation(Layer):
    """A function of one or more tensors and constants, with the options that the file gives.

    Attributes:
        function: the function on arrays; options come by keyword.
        rule: (shapes and constants of the arguments, options) -> shape of the result, or a list of them.
        promotes: whether whole numbers become floats beside floats; not where they are places.
        defaults: the options and what they are where the file leaves them out.
        options: their values.
    """

    computes = False  # the dtype is the operands'
    bound = "operation"
    function: ClassVar[Callable[..., Any]]
    rule: ClassVar[Callable[..., Shape | list[Shape]]]
    promotes: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *, name: str | None = None, **options: Any) -> None:
        super().__init__(name=name)
        self.options = {**self.defaults, **options}

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "Operation":
        """Build from Keras's config of the operation."""
        if "dtype" not in cls.defaults:
            options.only("dtype", None)
        return cls(**{key: _plain(options.raw(key, default)) for key, default in cls.defaults.items()})

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The result (or a list of them) for the operands, computed in the widest float dtype among them.

        Raises:
            InputError: operands that do not fit together.
        """
        given = {**self.options, **kwargs}
        try:
            result = type(self).function(*(_promoted(args) if self.promotes else args), **given)
            if given.get("dtype") is not None:
                return result
            if getattr(result, "dtype", None) == np.float16 and not _floats(args):
                # NumPy's fractions of whole numbers of 8 bits; Keras has none of 16.
                result = type(self).function(*_widened(args), **given)
            several = isinstance(result, list)
            return [_narrowed(one, args) for one in result] if several else _narrowed(result, args)
        except (ValueError, TypeError, IndexError) as error:
            raise InputError(f"{self.label}: {error}") from error

    def call_shape(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Shape | list[Shape]:
        """Shape of the result, or of each of several, from shapes and constants in place of the arguments.

        Raises:
            ConfigError: they do not fit together.
        """
        try:
            shape = type(self).rule(*args, **{**self.options, **kwargs})
            return shape if isinstance(shape, list) else tuple(shape)
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise ConfigError(f"{self.label}: no result for {list(args)!r:.300}: {error}") from error

    def output_shape(self, input_shape: Any) -> Shape | list[Shape]:
        """Shape of the result for one operand."""
        return self.call_shape((input_shape,), {})

    def compute_mask(self, x: Any, mask: Any) -> None:
        """None: an operation ends a mask, unless it gives out the very array that it was given (`Model.call`)."""
        return None


# The classes by name: where a pickle finds them.
CLASSES = SimpleNamespace()


def _plain(value: Any) -> Any:
    """An option as NumPy takes it: a list of axes as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def _promoted(args: Sequence[Any]) -> list[Any]:
    """The operands in the widest float dtype among the arrays, as Keras promotes; Python's numbers adapt."""
    floats = _floats(args)
    if not floats:
        return list(args)
    dtype = np.result_type(*floats)

    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return [convert(item) for item in value]
        numeric = isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
        return value.astype(dtype, copy=False) if numeric else value

    return [convert(arg) for arg in args]


def _widened(args: Sequence[Any]) -> list[Any]:
    """The operands with the arrays in float64."""
    return [
        _widened(arg) if isinstance(arg, list) else arg.astype(np.float64) if isinstance(arg, np.ndarray) else arg
        for arg in args
    ]


def _narrowed(result: Any, args: Sequence[Any]) -> Any:
    """The result as Keras has it: a fraction in the operands' float dtype, in float32 where they are whole.

    NumPy makes sums of 64 bits of all whole numbers, and Python's numbers have as many; in Keras both have 32.
    """
    array, floats = np.asarray(result), _floats(args)
    dtype = np.result_type(*floats) if floats else np.dtype(np.float32)
    if array.dtype.kind in "iu":
        sizes = {
            arg.dtype.itemsize for arg in _flat(args) if isinstance(arg, np.ndarray) and arg.dtype.kind in "iu"
        }
        of_truth_values = array.dtype == np.int8 and not sizes
        narrow = np.uint32 if array.dtype.kind == "u" else np.int32
        return array.astype(narrow) if of_truth_values or (array.dtype.itemsize == 8 and 8 not in sizes) else array
    return array.astype(dtype, copy=False) if array.dtype == np.float64 else array


def _floats(args: Sequence[Any]) -> list[np.dtype[Any]]:
    """The dtypes of the float arrays among the operands."""
    return [arg.dtype for arg in _flat(args) if isinstance(arg, np.ndarray) and arg.dtype.kind == "f"]


def _flat(args: Sequence[Any]) -> list[Any]:
    return [item for arg in args for item in (_flat(arg) if isinstance(arg, list) else [arg])]


def _define(
    table: Mapping[str, Callable[..., Any]],
    rule: Callable[..., Shape | list[Shape]],
    bound: str = "operation",
    promotes: bool = True,
    **defaults: Any,
) -> None:
    """Register one class for each function."""
    for name, function in table.items():
        members = {
            "function": staticmethod(function),
            "rule": staticmethod(rule),
            "bound": bound,
            "promotes": promotes,
            "defaults": defaults,
            "__doc__": f"keras.ops: {name}.",
            "__qualname__": f"CLASSES.{name}",
        }
        made = type(name, (Operation,), members)
        setattr(CLASSES, name, register(f"ops.{name}")(made))


# Element by element.
_define(
    {
        **{"Absolute": np.abs, "Negative": np.negative, "Sign": np.sign, "Copy": np.copy},
        **{"Floor": functions.as_floats(np.floor), "Ceil": functions.as_floats(np.ceil), "Trunc": np.trunc},
        **{"LogicalNot": np.logical_not, "StopGradient": np.copy},
        **{"Isnan": np.isnan, "Isinf": np.isinf, "Isfinite": np.isfinite},
    },
    shapes.same,
    "exact",
)
_define(
    {
        **{"Exp": np.exp, "Expm1": np.expm1, "Log": np.log, "Log1p": np.log1p, "Log2": np.log2, "Log10": np.log10},
        **{"Sqrt": np.sqrt, "Rsqrt": lambda x: 1 / np.sqrt(x), "Square": np.square, "Reciprocal": np.reciprocal},
        **{"Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Sinh": np.sinh, "Cosh": np.cosh, "Tanh": np.tanh},
        **{"Arcsin": np.arcsin, "Arccos": np.arccos, "Arctan": np.arctan, "Erf": activations.erf},
        **{"Arcsinh": np.arcsinh, "Arccosh": np.arccosh, "Arctanh": np.arctanh},
    },
    shapes.same,
)
_define(
    {
        **{"Relu": activations.relu, "Relu6": activations.relu6, "Sigmoid": activations.sigmoid},
        **{"Softplus": activations.softplus, "Softsign": activations.softsign, "Silu": activations.silu},
        **{"LogSigmoid": activations.log_sigmoid, "HardSigmoid": activations.hard_sigmoid},
        **{"HardSilu": activations.hard_silu, "Selu": activations.selu, "HardTanh": activations.hard_tanh},
        **{"TanhShrink": activations.tanh_shrink, "SparsePlus": activations.sparse_plus},
        **{"SparseSigmoid": activations.sparse_sigmoid},
    },
    shapes.same,
)
_define({"LeakyRelu": activations.leaky_relu}, shapes.same, negative_slope=0.2)
_define({"Elu": activations.elu, "Celu": activations.celu}, shapes.same, alpha=1.0)
_define({"Gelu": activations.gelu}, shapes.same, approximate=True)
_define({"Squareplus": activations.squareplus}, shapes.same, b=4)
_define({"SoftShrink": activations.soft_shrink}, shapes.same, threshold=0.5)
_define({"HardShrink": activations.hard_shrink}, shapes.same, "exact", threshold=0.5)
_define({"Threshold": functions.threshold}, shapes.same, "exact", threshold=None, default_value=None)
_define({"Round": functions.round_to}, shapes.same, decimals=0)
_define({"NanToNum": functions.nan_to_num}, shapes.same, nan=0.0, posinf=None, neginf=None)
_define(
    {
        **{"Add": np.add, "Subtract": np.subtract, "Multiply": np.multiply, "Divide": np.divide},
        **{"TrueDivide": np.true_divide, "Power": np.power, "Mod": np.mod, "FloorDivide": np.floor_divide},
        **{"DivideNoNan": functions.divide_no_nan, "Arctan2": np.arctan2},
        **{"Logaddexp": np.logaddexp, "Hypot": np.hypot},
    },
    shapes.broadcast,
)
_define(
    {
        **{"Maximum": np.maximum, "Minimum": np.minimum, "Equal": np.equal, "NotEqual": np.not_equal},
        **{"Greater": np.greater, "GreaterEqual": np.greater_equal, "Less": np.less, "LessEqual": np.less_equal},
        **{"LogicalAnd": np.logical_and, "LogicalOr": np.logical_or, "LogicalXor": np.logical_xor},
        **{"Where": np.where},
    },
    shapes.broadcast,
    "exact",
)
_define({"Clip": lambda x, x_min, x_max: np.clip(x, x_min, x_max)}, shapes.same, "exact", x_min=None, x_max=None)
_define({"Cast": functions.cast}, shapes.same, "exact", dtype="float32")
_define(
    {"ConvertToTensor": functions.convert_to_tensor}, shapes.dense, "exact", dtype=None, sparse=None, ragged=None
)
_define({"FullLike": functions.full_like}, shapes.same, "exact", dtype=None)
_define(
    {"ZerosLike": functions.like(np.zeros_like), "OnesLike": functions.like(np.ones_like)},
    shapes.same,
    "exact",
    dtype=None,
)

# Along axes.
_AXES: dict[str, Any] = {"axis": None, "keepdims": False}
_define({"Sum": np.sum, "Mean": np.mean, "Prod": np.prod}, shapes.reduced, **_AXES)
_define({"Std": np.std, "Var": np.var, "Logsumexp": functions.logsumexp}, shapes.reduced, **_AXES)
_define({"Median": functions.median}, shapes.reduced, **_AXES)
_define({"Norm": functions.norm}, shapes.normed, ord=None, **_AXES)
_define({"Any": np.any, "All": np.all, "Amax": np.max, "Amin": np.min}, shapes.reduced, "exact", **_AXES)
_define(
    {"Argmax": functions.argument(np.argmax), "Argmin": functions.argument(np.argmin)},
    shapes.reduced,
    "exact",
    **_AXES,
)
_define(
    {"Max": functions.extreme(np.max), "Min": functions.extreme(np.min)},
    shapes.reduced,
    "exact",
    **_AXES,
    initial=None,
)
_define({"CountNonzero": functions.count_nonzero}, shapes.reduced, "exact", axis=None)
_define(
    {"Cumsum": functions.cumulated(np.cumsum), "Cumprod": functions.cumulated(np.cumprod)},
    shapes.along,
    axis=None,
)
_define({"Diff": np.diff}, shapes.differences, n=1, axis=-1)
_define({"Softmax": activations.softmax, "LogSoftmax": activations.log_softmax}, shapes.same, axis=-1)
_define({"Sparsemax": activations.sparsemax}, shapes.turned, axis=-1)
_define({"Glu": activations.glu}, shapes.halved, axis=-1)
_define({"Normalize": functions.normalize}, shapes.normalized, axis=-1, order=2, epsilon=None)
_define({"Sort": np.sort}, shapes.along, "exact", axis=-1)
_define({"Argsort": functions.argsort}, shapes.along, "exact", axis=-1)
_define({"TopK": functions.top_k}, shapes.largest, "exact", k=None, sorted=True)

# Sums of products.
_define({"Matmul": np.matmul}, product_shapes.multiplied)
_define({"Dot": np.dot}, product_shapes.dotted)
_define({"Inner": np.inner}, product_shapes.inner)
_define({"Outer": np.outer}, product_shapes.outer)
_define({"Tensordot": np.tensordot}, product_shapes.contracted, axes=2)
_define({"Einsum": functions.einsum}, product_shapes.summed, subscripts=None)

# Change of place.
_define({"Concatenate": functions.concatenate}, shapes.joined, "exact", axis=0)
_define({"Stack": lambda xs, axis: np.stack(xs, axis)}, shapes.stacked, "exact", axis=0)
_define({"ExpandDims": np.expand_dims}, shapes.expanded, "exact", axis=0)
_define({"Squeeze": np.squeeze}, shapes.squeezed, "exact", axis=None)
_define({"Transpose": np.transpose}, shapes.transposed, "exact", axes=None)
_define({"Reshape": functions.reshape}, shapes.reshaped, "exact", newshape=None)
_define({"GetItem": functions.get_item}, shapes.item_shape, "exact")
_define({"Ravel": np.ravel}, shapes.flattened, "exact")
_define({"Swapaxes": functions.swapaxes}, shapes.rearranged(np.swapaxes), "exact", axis1=None, axis2=None)
_define({"Moveaxis": functions.moveaxis}, shapes.rearranged(np.moveaxis), "exact", source=None, destination=None)
_define({"Flip": np.flip}, shapes.turned, "exact", axis=None)
_define({"Roll": np.roll}, shapes.turned, "exact", shift=None, axis=None)
_define({"Tril": np.tril, "Triu": np.triu}, shapes.matrices, "exact", k=0)
_define({"Tile": lambda x, repeats: np.tile(x, repeats)}, shapes.tiled, "exact", repeats=None)
_define({"Repeat": np.repeat}, shapes.repeated, "exact", repeats=None, axis=None)
_define({"BroadcastTo": np.broadcast_to}, shapes.stretched, "exact", shape=None)
_define({"Pad": functions.pad}, shapes.padded, "exact", pad_width=None, mode="constant")
_define({"Hstack": np.hstack}, shapes.side_by_side, "exact")
_define({"Vstack": np.vstack}, shapes.one_above_the_other, "exact")
_define({"Split": np.split}, shapes.divided, "exact", indices_or_sections=None, axis=0)
_define({"Unstack": functions.unstack}, shapes.unstacked, "exact", num=None, axis=0)
_define({"Take": functions.take}, shapes.taken, "exact", promotes=False, axis=None)
_define({"TakeAlongAxis": functions.take_along_axis}, shapes.taken_along, "exact", promotes=False, axis=None)
_define(
    {"OneHot": functions.one_hot}, shapes.one_hot, "exact", num_classes=None, axis=-1, dtype=None, sparse=False
)
