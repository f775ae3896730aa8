"""Whether an operation lets the samples of a batch meet: then what it gives depends on how they are batched."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ScratchnnError
from ..spec import Shape
from .operations import Operation

# Stand-in for the number of samples: no other size of a model is likely to be the same.
SAMPLES = 1_000_003
ROWS = ("Tril", "Triu")  # these look at the last two axes


def mixes_samples(operation: Operation, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether the first axis of the result is anything else than that of the samples, each by itself.

    Args:
        operation: the operation.
        args, kwargs: shapes and constants in place of its arguments; the samples are an open size in front.
    """
    options = {**operation.options, **kwargs}
    first = args[0][0] if isinstance(args[0], list) and args[0] else args[0]
    rank = len(first) if isinstance(first, tuple) else 1
    if "axis" in options and type(operation).__name__ != "Squeeze" and _touches_samples(options["axis"], rank):
        return True
    if type(operation).__name__ in ROWS and rank <= 2:
        return True
    if "subscripts" in options and not _same_letter(args, options["subscripts"]):
        return True
    if type(operation).__name__ == "GetItem" and not _takes_all(args[1]):
        return True
    try:
        shapes = operation.call_shape([_with_samples(arg) for arg in args], kwargs)
    except ScratchnnError:
        return True
    listed = shapes if isinstance(shapes, list) else [shapes]
    return any(shape[:1] != (SAMPLES,) or shape.count(SAMPLES) > 1 for shape in listed)


def _touches_samples(axis: Any, rank: int) -> bool:
    return axis is None or any(n in (0, -rank) for n in ([axis] if isinstance(axis, int) else axis))


def _takes_all(key: Any) -> bool:
    """Whether the first entry of a key takes all samples in their order."""
    first = key[0] if isinstance(key, list | tuple) and key else key
    return first is Ellipsis or (isinstance(first, slice) and first == slice(None))


def _same_letter(args: Sequence[Any], subscripts: str) -> bool:
    """Whether einsum's letter for the samples is the same in all operands that have them, and in the result."""
    inputs, _, output = subscripts.replace(" ", "").partition("->")
    letters = {one[:1] for one, arg in zip(inputs.split(","), args, strict=False) if _is_batch(arg)}
    return letters == {output[:1]} or not letters


def _is_batch(arg: Any) -> bool:
    return isinstance(arg, tuple) and arg[:1] == (None,)


def _with_samples(arg: Any) -> Any:
    if isinstance(arg, list):
        return [_with_samples(item) for item in arg]
    shape: Shape = (SAMPLES, *arg[1:]) if _is_batch(arg) else arg
    return shape
