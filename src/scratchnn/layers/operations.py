"""Keras's operations in a graph: what `x + y`, `x[:, -1]` or `keras.ops.mean(x)` of Keras tensors become.

Each is registered as "ops.<class in keras.src.ops>", since some share their name with a layer (Add, Softmax).
Source: https://keras.io/api/ops/
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from .. import activations
from ..errors import ConfigError, InputError, UnsupportedError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights

FLOATS = ("float16", "float32", "float64")
DTYPES = (*FLOATS, "int8", "int16", "int32", "int64", "uint8", "bool")


class Operation(Layer):
    """A function of one or more tensors and constants, with the options that the file gives.

    Attributes:
        function: the function on arrays; options come by keyword.
        rule: (shapes and constants of the arguments, options) -> shape of the result.
        defaults: the options and what they are where the file leaves them out.
        options: their values.
    """

    computes = False  # the dtype is the operands'
    bound = "operation"
    function: ClassVar[Callable[..., Any]]
    rule: ClassVar[Callable[..., Shape]]
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
        """The result for the operands, computed in the widest float dtype among them.

        Raises:
            InputError: operands that do not fit together.
        """
        given = {**self.options, **kwargs}
        try:
            return _narrowed(type(self).function(*_promoted(args), **given), args)
        except (ValueError, TypeError, IndexError) as error:
            raise InputError(f"{self.label}: {error}") from error

    def call_shape(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Shape:
        """Shape of the result, from shapes and constants in place of the arguments.

        Raises:
            ConfigError: they do not fit together.
        """
        try:
            return tuple(type(self).rule(*args, **{**self.options, **kwargs}))
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise ConfigError(f"{self.label}: no result for {list(args)!r:.300}: {error}") from error

    def output_shape(self, input_shape: Any) -> Shape:
        """Shape of the result for one operand."""
        return self.call_shape((input_shape,), {})

    def compute_mask(self, x: Any, mask: Any) -> None:
        """None: an operation ends a mask."""
        return None


def _plain(value: Any) -> Any:
    """An option as NumPy takes it: a list of axes as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def _promoted(args: Sequence[Any]) -> list[Any]:
    """The operands in the widest float dtype among the arrays, as Keras promotes; Python's numbers adapt."""
    arrays = [array for arg in args for array in (arg if isinstance(arg, list) else [arg])]
    floats = [a.dtype for a in arrays if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    if not floats:
        return list(args)
    dtype = np.result_type(*floats)

    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return [convert(item) for item in value]
        numeric = isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
        return value.astype(dtype, copy=False) if numeric else value

    return [convert(arg) for arg in args]


def _narrowed(result: Any, args: Sequence[Any]) -> Any:
    """The result as Keras has it: a fraction in the operands' float dtype, in float32 where they are whole."""
    array = np.asarray(result)
    floats = [arg.dtype for arg in _flat(args) if isinstance(arg, np.ndarray) and arg.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else np.dtype(np.float32)
    return array.astype(dtype, copy=False) if array.dtype == np.float64 else array


def _flat(args: Sequence[Any]) -> list[Any]:
    return [item for arg in args for item in (_flat(arg) if isinstance(arg, list) else [arg])]


# Shapes. A shape stands for a tensor, anything else for itself; None is a size that is not known.


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(n is None or type(n) is int for n in value)


def _shape(arg: Any) -> Shape:
    """The shape of a tensor, which stands for it, or of a constant."""
    return arg if _is_shape(arg) else np.shape(arg)


def _same(x: Shape, *args: Any, **options: Any) -> Shape:
    return x


def _broadcast(*args: Any, **options: Any) -> Shape:
    shapes = list(map(_shape, args))
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(map(_common, zip(*padded, strict=True)))


def _common(sizes: Sequence[int | None]) -> int | None:
    known = {n for n in sizes if n not in (1, None)}
    if len(known) > 1:
        raise ValueError(f"sizes {sizes} do not fit together")
    return known.pop() if known else None if None in sizes else 1


def _axes(rank: int, axis: Any) -> tuple[int, ...]:
    """Axes from 0, each once."""
    if axis is None:
        return tuple(range(rank))
    found = tuple(n % rank if -rank <= n < rank else rank for n in ((axis,) if isinstance(axis, int) else axis))
    if len(set(found)) < len(found) or rank in found:
        raise ValueError(f"axis {axis} of {rank} axes")
    return found


def _reduced(x: Shape, *, axis: Any = None, keepdims: bool = False, **options: Any) -> Shape:
    axes = _axes(len(x), axis)
    kept = [1 if place in axes else n for place, n in enumerate(x)]
    return tuple(n for place, n in enumerate(kept) if keepdims or place not in axes)


def _joined(args: Sequence[Any], *, axis: int) -> Shape:
    xs = list(map(_shape, args))
    (place,) = _axes(len(xs[0]), axis)
    if len(set(map(len, xs))) > 1:
        raise ValueError("operands of different ranks")
    sizes = [x[place] for x in xs]
    rest = _broadcast(*((*x[:place], 1, *x[place + 1 :]) for x in xs))
    total = None if None in sizes else sum(n for n in sizes if n is not None)
    return (*rest[:place], total, *rest[place + 1 :])


def _stacked(xs: Sequence[Any], *, axis: int) -> Shape:
    one = _broadcast(*xs)
    (place,) = _axes(len(one) + 1, axis)
    return (*one[:place], len(xs), *one[place:])


def _expanded(x: Shape, *, axis: Any) -> Shape:
    axes = _axes(len(x) + (1 if isinstance(axis, int) else len(axis)), axis)
    rest = iter(x)
    return tuple(1 if place in axes else next(rest) for place in range(len(x) + len(axes)))


def _squeezed(x: Shape, *, axis: Any) -> Shape:
    axes = _axes(len(x), axis) if axis is not None else tuple(place for place, n in enumerate(x) if n == 1)
    if any(x[place] not in (1, None) for place in axes):
        raise ValueError(f"axes {axes} of {x} are not of size 1")
    return tuple(n for place, n in enumerate(x) if place not in axes)


def _transposed(x: Shape, *, axes: Any) -> Shape:
    order = tuple(range(len(x)))[::-1] if axes is None else _axes(len(x), axes)
    if len(order) != len(x):
        raise ValueError(f"axes {axes} of {len(x)} axes")
    return tuple(x[place] for place in order)


def _reshaped(x: Shape, *, newshape: Any) -> Shape:
    sizes = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    if sum(n in (None, -1) for n in sizes) > 1 or any(n is not None and n < -1 for n in sizes):
        raise ValueError(f"newshape {sizes}: expected at most one open size")
    return tuple(None if n == -1 else n for n in sizes)


def _item_shape(x: Shape, key: Any, **options: Any) -> Shape:
    """The shape of x[key], tried on an array without content for two stand-ins of the open sizes."""
    key = tuple(key) if isinstance(key, list) else key
    results = []
    for stand_in in (3, 5):
        probe = np.broadcast_to(np.zeros(1), [stand_in if n is None else n for n in x])
        results.append(np.shape(probe[key]))
    return tuple(n if n == m else None for n, m in zip(*results, strict=True))


def _multiplied(*args: Any, **options: Any) -> Shape:
    x, y = map(_shape, args)
    if len(x) < 2 or len(y) < 2 or (None not in (x[-1], y[-2]) and x[-1] != y[-2]):
        raise ValueError("matrices whose sizes do not fit")
    return (*_broadcast(x[:-2], y[:-2]), x[-2], y[-1])


# Functions.


def _get_item(x: Array, key: Any) -> Array:
    return x[tuple(key) if isinstance(key, list) else key]


def _concatenate(xs: Sequence[Array], axis: int) -> Array:
    return np.concatenate(xs, axis)


def _reshape(x: Array, newshape: Any) -> Array:
    sizes = (newshape,) if isinstance(newshape, int) else newshape
    return x.reshape(tuple(-1 if n is None else n for n in sizes))


def _cast(x: Array, dtype: str) -> Array:
    if dtype not in DTYPES:
        raise UnsupportedError(f"cast: expected one of {', '.join(DTYPES)}, got {dtype!r}")
    # A float that becomes another float keeps the precision of the run, which may be float64 for a float32 model.
    return x if dtype in FLOATS and x.dtype.kind == "f" else x.astype(dtype)


def _like(fill: Callable[[Array], Array]) -> Callable[..., Array]:
    """A constant array of the shape of x, in its dtype or a given one."""
    return lambda x, dtype: fill(x) if dtype is None else _cast(fill(x), dtype)


def _logsumexp(x: Array, axis: Any, keepdims: bool) -> Array:
    largest = x.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    total = np.log(np.exp(x - largest).sum(axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis)


def _divide_no_nan(x: Any, y: Any) -> Array:
    x, y = (np.asarray(value, np.result_type(x, y)) for value in (x, y))  # a Python number takes the other's dtype
    return np.where(y == 0, np.zeros_like(y), x / np.where(y == 0, np.ones_like(y), y))


def _argument(find: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, axis, keepdims: find(x, axis=axis, keepdims=keepdims).astype(np.int32)


def _extreme(find: Callable[..., Any]) -> Callable[..., Any]:
    def function(x: Array, axis: Any, keepdims: bool, initial: Any) -> Any:
        return find(x, axis=axis, keepdims=keepdims, **({} if initial is None else {"initial": initial}))

    return function


def _define(
    functions: Mapping[str, Callable[..., Any]],
    rule: Callable[..., Shape],
    bound: str = "operation",
    **defaults: Any,
) -> None:
    """Register one class for each function."""
    for name, function in functions.items():
        members = {
            "function": staticmethod(function),
            "rule": staticmethod(rule),
            "bound": bound,
            "defaults": defaults,
            "__doc__": f"keras.ops: {name}.",
        }
        register(f"ops.{name}")(type(name, (Operation,), members))


_define(
    {
        **{"Absolute": np.abs, "Negative": np.negative, "Sign": np.sign, "Floor": np.floor, "Ceil": np.ceil},
        **{"Trunc": np.trunc, "LogicalNot": np.logical_not, "Copy": np.copy, "StopGradient": np.copy},
        **{"Isnan": np.isnan, "Isinf": np.isinf, "Isfinite": np.isfinite},
    },
    _same,
    "exact",
)
_define(
    {
        **{"Exp": np.exp, "Expm1": np.expm1, "Log": np.log, "Log1p": np.log1p, "Log2": np.log2, "Log10": np.log10},
        **{"Sqrt": np.sqrt, "Rsqrt": lambda x: 1 / np.sqrt(x), "Square": np.square, "Reciprocal": np.reciprocal},
        **{"Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Sinh": np.sinh, "Cosh": np.cosh, "Tanh": np.tanh},
        **{"Arcsin": np.arcsin, "Arccos": np.arccos, "Arctan": np.arctan, "Erf": activations.erf},
    },
    _same,
)
_define(
    {
        **{"Relu": activations.relu, "Relu6": activations.relu6, "Sigmoid": activations.sigmoid},
        **{"Softplus": activations.softplus, "Softsign": activations.softsign, "Silu": activations.silu},
        **{"LogSigmoid": activations.log_sigmoid, "HardSigmoid": activations.hard_sigmoid},
        **{"HardSilu": activations.hard_silu, "Selu": activations.selu, "HardTanh": activations.hard_tanh},
        **{"TanhShrink": activations.tanh_shrink},
    },
    _same,
)
_define({"LeakyRelu": activations.leaky_relu}, _same, negative_slope=0.2)
_define({"Elu": activations.elu, "Celu": activations.celu}, _same, alpha=1.0)
_define({"Gelu": activations.gelu}, _same, approximate=True)
_define({"Softmax": activations.softmax, "LogSoftmax": activations.log_softmax}, _same, axis=-1)
_define(
    {
        **{"Add": np.add, "Subtract": np.subtract, "Multiply": np.multiply, "Divide": np.divide},
        **{"TrueDivide": np.true_divide, "Power": np.power, "Mod": np.mod, "FloorDivide": np.floor_divide},
        **{"DivideNoNan": _divide_no_nan, "Arctan2": np.arctan2},
    },
    _broadcast,
)
_define(
    {
        **{"Maximum": np.maximum, "Minimum": np.minimum, "Equal": np.equal, "NotEqual": np.not_equal},
        **{"Greater": np.greater, "GreaterEqual": np.greater_equal, "Less": np.less, "LessEqual": np.less_equal},
        **{"LogicalAnd": np.logical_and, "LogicalOr": np.logical_or, "LogicalXor": np.logical_xor},
        **{"Where": np.where},
    },
    _broadcast,
    "exact",
)
_define({"Clip": lambda x, x_min, x_max: np.clip(x, x_min, x_max)}, _same, "exact", x_min=None, x_max=None)
_define({"Cast": _cast}, _same, "exact", dtype="float32")
_define({"ZerosLike": _like(np.zeros_like), "OnesLike": _like(np.ones_like)}, _same, "exact", dtype=None)
_AXES: dict[str, Any] = {"axis": None, "keepdims": False}
_define({"Sum": np.sum, "Mean": np.mean, "Prod": np.prod}, _reduced, **_AXES)
_define({"Std": np.std, "Var": np.var, "Logsumexp": _logsumexp}, _reduced, **_AXES)
_define({"Any": np.any, "All": np.all}, _reduced, "exact", **_AXES)
_define({"Argmax": _argument(np.argmax), "Argmin": _argument(np.argmin)}, _reduced, "exact", **_AXES)
_define({"Max": _extreme(np.max), "Min": _extreme(np.min)}, _reduced, "exact", **_AXES, initial=None)
_define({"Matmul": np.matmul}, _multiplied)
_define({"Concatenate": _concatenate}, _joined, "exact", axis=0)
_define({"Stack": lambda xs, axis: np.stack(xs, axis)}, _stacked, "exact", axis=0)
_define({"ExpandDims": np.expand_dims}, _expanded, "exact", axis=0)
_define({"Squeeze": np.squeeze}, _squeezed, "exact", axis=None)
_define({"Transpose": np.transpose}, _transposed, "exact", axes=None)
_define({"Reshape": _reshape}, _reshaped, "exact", newshape=None)
_define({"GetItem": _get_item}, _item_shape, "exact")
