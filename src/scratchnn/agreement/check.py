"""One call of a layer, by scratchnn and by Keras: do they agree, and if not, who is off?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..layers.base import Layer
from .arithmetic import Approx, Arithmetic
from .compare import Deviation, compare
from .result import Agreement, Channel, Verdict
from .rules.base import HIDDEN, SIDED, Call, as_list, call_layer, find_rule
from .texts import are_texts, check_texts

Array = NDArray[Any]


def check_call(
    layer: Layer,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None,
    mask: Any,
    reference: Any,
    *,
    reference64: Any = None,
    exact: bool = False,
    candidate: Any = None,
    sequence: Any = None,
    sequence64: Any = None,
    candidate_sequence: Any = None,
) -> Agreement:
    """Judge one call of a layer in the channels C32, C64 (if reference64 is given) and Z (if exact), or TEXT.

    Args:
        layer: the scratchnn layer in the dtype of the model.
        args: its positional inputs, as the reference got them.
        kwargs: its keyword arguments, such as initial_state.
        mask: its mask, or None.
        reference: Keras's output or outputs in the dtype of the model.
        reference64: Keras's in float64, for the same inputs and weights.
        exact: whether the results must be equal to the last bit, as on small integers.
        candidate: the output or outputs to be judged; None runs the layer.
        sequence, sequence64: for recurrent layers that return the last output alone, Keras's outputs of all
            steps in the order of reading (for Bidirectional the forward and the backward layer's). Without them
            the bound has to be carried through the steps, and says less the longer the sequence.
        candidate_sequence: the same of the candidate.

    Returns:
        The verdict. Keras is said to be off only if its own float64 result bears scratchnn out: with no
        reference64, a Keras result outside the bound counts against scratchnn, and the reason says so.

    Raises:
        UnsupportedError: the layer names no rule, or an activation that has no bound.
    """
    case = _Case(layer, args, dict(kwargs or {}), mask)
    with np.errstate(all="ignore"):
        theirs = as_list(reference)
        ours = as_list(case.run() if candidate is None else candidate)
        fault = _form_fault(layer, args, ours, theirs, as_list(theirs if reference64 is None else reference64))
        if fault is not None:
            return replace(fault, layer=layer.label)
        if all(map(are_texts, theirs)):
            return replace(check_texts(ours, theirs), layer=layer.label)
        if candidate is None and sequence is not None:
            candidate_sequence = case.hidden(layer)
        result = _judge(case, ours, theirs, reference64, exact, (candidate_sequence, sequence, sequence64))
        return _with_reading(result, layer, ours, theirs)


class _Case:
    """The call itself, in any dtype."""

    def __init__(self, layer: Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any], mask: Any) -> None:
        self.layer, self.args, self.kwargs, self.mask = layer, args, kwargs, mask
        self.layer64 = layer.astype(np.float64) if layer.computes else layer
        self.rule = find_rule(layer)
        given = [*_floats(args), *_floats(tuple(kwargs.values())), *_floats(tuple(layer.get_weights()))]
        self.finite = all(bool(np.isfinite(array).all()) for array in given)

    def run(self) -> Any:
        """The layer's own result, called as a model calls it."""
        output = call_layer(self.layer, self.inputs(None), self.keywords(None), self.mask)
        return output if self.layer.autocast else output.astype(self.layer.dtype, copy=False)

    def run64(self) -> Any:
        """The same in float64."""
        return call_layer(self.layer64, self.inputs(np.float64), self.keywords(np.float64), self.mask)

    def dtype(self, reference: Array) -> Any:
        """The dtype whose rounding is judged: the layer's, or for an operation that of its operands."""
        if self.layer.computes:
            return self.layer.result_dtype(self.args)
        floats = [array.dtype for array in (*_floats(self.args), reference) if array.dtype.kind == "f"]
        return np.result_type(*(dtype for dtype in floats)) if floats else np.dtype(np.float64)

    def dtype64(self, reference: Array) -> Any:
        """The same in float64: float32 there too for what is made of whole numbers alone."""
        if self.layer.computes:
            return self.layer64.result_dtype(self.args)
        whole = not _floats((self.args, tuple(self.kwargs.values()))) and reference.dtype.kind == "f"
        return reference.dtype if whole else np.dtype(np.float64)

    def inputs(self, dtype: Any) -> tuple[Any, ...]:
        return tuple(_cast(value, self.layer, dtype) for value in self.args)

    def keywords(self, dtype: Any) -> dict[str, Any]:
        return {key: _cast(value, self.layer, dtype) for key, value in self.kwargs.items()}

    def hidden(self, layer: Layer) -> Any:
        find = HIDDEN.get(layer.bound)
        return (
            None if find is None else find(layer, *self.inputs(layer.dtype), self.keywords(layer.dtype), self.mask)
        )

    def approx(
        self, dtype: Any, observed: list[Array], sequence: Any = None, own: bool = False, widened: bool = False
    ) -> list[Approx]:
        """The exact outputs, and the bounds for an implementation in that dtype with those outputs.

        A layer that does not cast its input works in the dtype of that (float64 where it was widened), or in
        float32 where that is wider, and rounds what comes out to both dtypes.
        """
        given = dtype
        if not self.layer.autocast and not widened:
            given = np.result_type(*(_floats(self.args) or [dtype]))
        computed = dtype if self.layer.autocast else np.result_type(given, np.float32)
        call = Call(
            self.layer64,
            self.inputs(np.float64),
            self.keywords(np.float64),
            self.mask,
            Arithmetic(computed, self.finite, float32_constants=not own),
            tuple(np.asarray(output).astype(np.float64) for output in observed),
            sequence,
            own,
        )
        narrow = Arithmetic(min(dtype, given, key=lambda each: each.itemsize), self.finite)
        if narrow.dtype == computed:
            return self.rule(call)
        return [narrow.rounded(result.value, result.error, units=2) for result in self.rule(call)]


def _judge(
    case: _Case, ours: list[Array], theirs: list[Array], reference64: Any, exact: bool, sequences: tuple[Any, ...]
) -> Agreement:
    our_sequence, their_sequence, sequence64 = sequences
    dtype = case.dtype(theirs[0])
    size = sum(output.size for output in ours)
    approx = case.approx(dtype, theirs, their_sequence)
    keras = compare(_with_hidden(theirs, their_sequence, approx), approx)
    if case.layer.bound in SIDED:
        approx = case.approx(dtype, ours, our_sequence, own=True)
    scratch = compare(_with_hidden(ours, our_sequence, approx), approx)
    results = [_verdict(Channel.C32, scratch, keras, size, witnessed=reference64 is not None)]
    if exact:
        results.append(_bits(ours, theirs, [a.value.astype(dtype) for a in approx[: len(ours)]], size))
    if reference64 is not None:
        results.insert(0, _float64(case, as_list(reference64), sequence64, size))
    wrong = [result for result in results if not result.agrees]
    return wrong[0] if wrong else max(results, key=lambda result: result.ratio)


def _bits(ours: list[Array], theirs: list[Array], exact: list[Array], size: int) -> Agreement:
    """Channel Z: the same numbers on both sides; where not, off is who has not the exact result."""
    same = all(np.array_equal(*pair, equal_nan=True) for pair in zip(ours, theirs, strict=True))
    if same:
        return Agreement(Verdict.AGREE, Channel.Z, size=size)
    wanted = [Approx(value.astype(np.float64), np.zeros(value.shape)) for value in exact]
    return _verdict(Channel.Z, compare(ours, wanted), compare(theirs, wanted), size, witnessed=True)


def _float64(case: _Case, theirs: list[Array], their_sequence: Any, size: int) -> Agreement:
    """Channel C64: what Keras's float64 result says is the definition, so only scratchnn can be off."""
    ours = as_list(case.run64())
    fault = _form_fault(case.layer64, case.args, ours, theirs, theirs)
    if fault is not None:
        return replace(fault, channel=Channel.C64)
    our_sequence = None if their_sequence is None else case.hidden(case.layer64)
    dtype = case.dtype64(theirs[0])
    approx = case.approx(dtype, theirs, their_sequence, widened=True)
    keras = compare(_with_hidden(theirs, their_sequence, approx), approx, factor=2)
    if case.layer.bound in SIDED:
        approx = case.approx(dtype, ours, our_sequence, own=True, widened=True)
    scratch = compare(_with_hidden(ours, our_sequence, approx), approx, factor=2)
    worse = max(scratch, keras, key=lambda each: (not each.within, each.ratio))
    result = _agreement(Verdict.AGREE if worse.within else Verdict.SCRATCH_OFF, Channel.C64, worse, size)
    return result if worse.within else replace(result, expected=worse.got, got=worse.expected)


def _verdict(channel: Channel, scratch: Deviation, keras: Deviation, size: int, witnessed: bool) -> Agreement:
    """The verdict of a channel in which each side is judged by itself."""
    worse = max(scratch, keras, key=lambda each: (not each.within, each.ratio))
    if scratch.within and keras.within:
        return _agreement(Verdict.AGREE, channel, worse, size)
    if keras.within:
        return _agreement(Verdict.SCRATCH_OFF, channel, scratch, size)
    if not scratch.within:
        return _agreement(Verdict.BOTH_OFF, channel, worse, size)
    if witnessed:
        return _agreement(Verdict.KERAS_OFF, channel, keras, size)
    result = _agreement(Verdict.SCRATCH_OFF, channel, keras, size)
    reason = f"{result.reason} (seen from scratchnn's float64; without Keras's it counts against scratchnn)"
    return replace(result, expected=result.got, got=result.expected, reason=reason)


def _agreement(verdict: Verdict, channel: Channel, worst: Deviation, size: int) -> Agreement:
    return Agreement(
        verdict,
        channel,
        ratio=worst.ratio,
        where=worst.where,
        output=worst.output,
        expected=worst.expected,
        got=worst.got,
        reason=worst.reason,
        size=size,
        unconstrained=worst.unconstrained,
    )


def _form_fault(
    layer: Layer, args: tuple[Any, ...], ours: list[Array], theirs: list[Array], theirs64: list[Array]
) -> Agreement | None:
    """What is wrong with number, shapes and dtypes of the outputs, if anything."""
    fault = None
    if len(ours) != len(theirs) or not theirs:
        fault = Verdict.SCRATCH_OFF, f"{len(ours)} outputs, Keras gives {len(theirs)}"
    for our, their, their64 in zip(ours, theirs, theirs64, strict=False):
        floats = layer.computes and their.dtype.kind == "f"
        expected = layer.result_dtype(args) if floats else their.dtype
        if their.size == 0:
            fault = fault or (Verdict.BOTH_OFF, f"nothing to compare: Keras's output has shape {their.shape}")
        elif their.dtype.kind not in "fiub" and not are_texts(their):
            fault = fault or (
                Verdict.KERAS_OFF,
                f"Keras's output is of dtype {their.dtype}, no real numbers or texts",
            )
        elif our.shape != their.shape:
            off = Verdict.KERAS_OFF if our.shape == their64.shape else Verdict.SCRATCH_OFF
            fault = fault or (off, f"shape {our.shape}, Keras gives {their.shape}")
        elif are_texts(their):
            if not are_texts(our):
                fault = fault or (Verdict.SCRATCH_OFF, f"dtype {our.dtype}, Keras gives texts")
        elif their.dtype != expected:
            fault = fault or (Verdict.KERAS_OFF, f"Keras gives {their.dtype}, expected {expected}")
        elif our.dtype != expected:
            fault = fault or (Verdict.SCRATCH_OFF, f"dtype {our.dtype}, expected {expected}")
    return None if fault is None else Agreement(fault[0], ratio=np.inf, reason=fault[1])


def _with_hidden(outputs: list[Array], sequence: Any, approx: list[Approx]) -> list[Array]:
    """The outputs, and behind them the sequences that the rule judges too, if it does."""
    extra = [] if sequence is None or len(approx) == len(outputs) else as_list(sequence)
    return [*outputs, *extra]


def _with_reading(result: Agreement, layer: Layer, ours: list[Array], theirs: list[Array]) -> Agreement:
    """Fill in what is for reading: the layer, the largest difference, and the ULP at the worst element."""
    errors = [np.abs(our.astype(np.float64) - their) for our, their in zip(ours, theirs, strict=True)]
    finite = [error[np.isfinite(error)] for error in errors]
    largest = max((float(error.max()) for error in finite if error.size), default=float("nan"))
    ulp = 0.0
    if result.output < len(ours) and theirs[result.output].dtype.kind == "f" and result.where:
        their = theirs[result.output][result.where]
        ulp = float(errors[result.output][result.where] / np.spacing(np.abs(their)).astype(np.float64))
    return replace(result, layer=layer.label, max_error=largest, ulp=ulp)


def _floats(structure: Any) -> list[Array]:
    """All float arrays in nested tuples and lists."""
    if isinstance(structure, list | tuple):
        return [array for item in structure for array in _floats(item)]
    return [structure] if isinstance(structure, np.ndarray) and structure.dtype.kind == "f" else []


def _cast(value: Any, layer: Layer, dtype: Any) -> Any:
    """Float arrays in that dtype, by way of the layer's own: the oracle sees what the layer sees.

    A dtype of None stands for what the layer is called with in a model.
    """
    if isinstance(value, list | tuple):
        return type(value)(_cast(item, layer, dtype) for item in value)
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    own = value.astype(layer.dtype, copy=False) if layer.computes and layer.autocast else value
    return own if dtype is None else own.astype(dtype, copy=False)
