"""Rules for recurrent layers: each step is judged from the states that the implementation itself had before it.

A bound that is carried through time reaches the size of the output within a few dozen steps, although nothing is
wrong: rounding errors grow where the network is chaotic. So the exact step is evaluated at the *tested*
implementation's own output of the step before, which its sequence of outputs shows; only what no output shows
(the LSTM's cell state) is carried, with its error. Where there is no sequence, everything is carried; the states
then have a second bound, to first order (`propagation`), and the smaller one holds.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..arithmetic import Approx, Arithmetic, Array, join, stack, where
from ..functions import activate
from ..propagation import Spread, jacobian
from .base import Call, find_rule, rule

States = list[Approx]
Step = Callable[[Arithmetic, Any, Approx, States], States]

STEPS: dict[str, Step] = {}


def step_rule(name: str) -> Callable[[Step], Step]:
    """Decorator: the step of cells whose `bound` is that name, from z = project(x) and the states before."""

    def add(function: Step) -> Step:
        STEPS[name] = function
        return function

    return add


def times(arithmetic: Arithmetic, cell: Any, h: Approx, kernel: str, bias: str | None = None) -> Approx:
    """h · kernel (+ bias), by the names that the cell has for them."""

    def linear(it: Any, x: Array) -> Array:
        product = x @ getattr(it, kernel)
        return product if bias is None or getattr(it, bias) is None else product + getattr(it, bias)

    return arithmetic.dot(cell, h, linear)


@step_rule("simple_rnn")
def simple_rnn_step(arithmetic: Arithmetic, cell: Any, z: Approx, states: States) -> States:
    """h_t = activation(z + h · Wh)."""
    z = arithmetic.add(z, times(arithmetic, cell, states[0], "Wh"))
    return [activate(arithmetic, cell.activation, z)]


@step_rule("lstm")
def lstm_step(arithmetic: Arithmetic, cell: Any, z: Approx, states: States) -> States:
    """c_t = f · c + i · g and h_t = o · activation(c_t), each with its error."""
    h, c = states
    gates = arithmetic.add(z, times(arithmetic, cell, h, "U")).split(4)
    i, f, o = (activate(arithmetic, cell.recurrent_activation, gates[place]) for place in (0, 1, 3))
    g = activate(arithmetic, cell.activation, gates[2])
    c = arithmetic.add(arithmetic.multiply(f, c), arithmetic.multiply(i, g))
    return [arithmetic.multiply(o, activate(arithmetic, cell.activation, c)), c]


@step_rule("gru")
def gru_step(arithmetic: Arithmetic, cell: Any, z: Approx, states: States) -> States:
    """h_t = update · h + (1 - update) · candidate."""
    (h,) = states
    gates = 2 * cell.units

    def inner(it: Any, x: Array) -> Array:
        if not cell.reset_after:
            return x @ it.U[:, :gates]
        return x @ it.U if it.b is None else x @ it.U + it.b[1]

    def candidate_product(it: Any, x: Array) -> Array:
        return x @ it.U[:, gates:]

    product = arithmetic.dot(cell, h, inner)
    sums = arithmetic.add(z[..., :gates], product[..., :gates])
    update, reset = (activate(arithmetic, cell.recurrent_activation, gate) for gate in sums.split(2))
    if cell.reset_after:
        recurrent_part = arithmetic.multiply(reset, product[..., gates:])
    else:
        recurrent_part = arithmetic.dot(cell, arithmetic.multiply(reset, h), candidate_product)
    candidate = activate(arithmetic, cell.activation, arithmetic.add(z[..., gates:], recurrent_part))
    rest = arithmetic.subtract(arithmetic.exact(1.0), update)
    return [arithmetic.add(arithmetic.multiply(update, h), arithmetic.multiply(rest, candidate))]


@step_rule("stacked")
def stacked_step(arithmetic: Arithmetic, cell: Any, z: Approx, states: States) -> States:
    """The steps of several cells, each fed with the output of the one before."""
    after: States = []
    for inner, following in zip(cell.cells, (*cell.cells[1:], None), strict=True):
        own = states[len(after) : len(after) + len(inner.state_sizes)]
        new = STEPS[inner.bound](arithmetic, inner, z, own)
        after += new
        if following is not None:
            z = arithmetic.dot(following, new[inner.output_place], _project)
    return after


def _sequence(layer: Any, x: Any, kwargs: Any, mask: Any) -> Array:
    """scratchnn's own output of every step, in the order of reading."""
    return layer.run(layer.as_numbers(x), kwargs.get("initial_state"), mask)[0]


@rule("recurrent", sided=True, hidden=_sequence)
def recurrent(call: Call) -> list[Approx]:
    """A cell run over the time axis; with a separate `sequence`, that one is judged too, behind the outputs."""
    layer = call.layer
    shown = call.observed[0] if layer.return_sequences else call.sequence
    sequence, states = run(call.arithmetic, layer, call.x, shown, call.kwargs.get("initial_state"), call.mask)
    outputs = [sequence if layer.return_sequences else _last(sequence, shown)]
    if layer.return_state:
        outputs += states
    return outputs if layer.return_sequences or shown is None else [*outputs, sequence]


def _last(sequence: Approx, shown: Any) -> Approx:
    """The last output: where the sequence is shown, exactly its last step."""
    if shown is None:
        return sequence[:, -1]
    last = np.asarray(shown, np.float64)[:, -1]
    return Approx(last, np.zeros(last.shape))


def run(
    arithmetic: Arithmetic, layer: Any, x: Array, shown: Any, initial_state: Any, mask: Any
) -> tuple[Approx, States]:
    """The outputs (batch, time, units) in the order of reading and the final states, with their errors.

    Args:
        arithmetic: the rounding.
        layer: the recurrent layer in float64.
        x: (batch, time, features).
        shown: the outputs of the implementation under test, or None where nobody has seen them.
        initial_state, mask: as the layer takes them.
    """
    cell, step, output_place = layer.cell, STEPS[layer.cell.bound], layer.cell.output_place
    z = arithmetic.dot(cell, arithmetic.exact(x), _project)
    states = _initial_states(arithmetic, cell, len(x), initial_state)
    keep = None if mask is None else np.asarray(mask, bool)[..., None]
    output = zero = arithmetic.exact(np.zeros((len(x), cell.units)))
    mirrored = layer.unroll and bool(layer.return_sequences)  # see Recurrent.unroll
    if mirrored and layer.go_backwards and layer.zero_output_for_mask:
        shown = None  # the zeros hide outputs of steps that were taken
    outputs, spread = [], Spread(cell, len(x))
    order = range(x.shape[1] - 1, -1, -1) if layer.go_backwards else range(x.shape[1])
    for place, t in enumerate(order):
        taken = np.array(True) if keep is None else keep[:, t]
        new = step(arithmetic, cell, z[:, t], states)
        if shown is None:
            new = _tightened(arithmetic, cell, z[:, t], states, new, spread, taken)
        output = where(taken, new[output_place], output)
        if keep is None or not layer.zero_output_for_mask:
            outputs.append(output)
        else:
            outputs.append(where(keep[:, place if mirrored else t], output, zero))
        if shown is not None:
            new[output_place] = output = arithmetic.exact(np.asarray(shown, np.float64)[:, place])
        states = [where(taken, *pair) for pair in zip(new, states, strict=True)]
    return stack(outputs, axis=1), states


def _tightened(
    arithmetic: Arithmetic, cell: Any, z: Approx, before: States, after: States, spread: Spread, taken: Array
) -> States:
    """The states after a step with the smaller of the carried and the first-order error."""
    values = [state.value for state in before]
    alone = STEPS[cell.bound](arithmetic, cell, z, [arithmetic.exact(value) for value in values])
    error = np.where(taken, join(alone).error, 0.0)
    slopes = np.where(taken[..., None], jacobian(cell, z.value, values), np.eye(error.shape[-1]))
    joined = join(after)
    first_order = spread.advance(slopes, error, np.where(taken, joined.value, np.concatenate(values, axis=-1)))
    cuts = np.cumsum([state.value.shape[-1] for state in after])[:-1]
    parts = np.split(np.fmin(joined.error, first_order), cuts, axis=-1)
    return [Approx(state.value, part) for state, part in zip(after, parts, strict=True)]


def _project(cell: Any, x: Array) -> Array:
    return cell.project(x)


def _initial_states(arithmetic: Arithmetic, cell: Any, batch: int, initial_state: Any) -> States:
    if initial_state is None:
        return [arithmetic.exact(np.zeros((batch, size))) for size in cell.state_sizes]
    return [arithmetic.exact(state) for state in initial_state]


def _sequences(layer: Any, x: Any, kwargs: Any, mask: Any) -> list[Array]:
    """scratchnn's own outputs of every step of the forward and of the backward layer."""
    halves = _halves(kwargs.get("initial_state"))
    pairs = zip((layer.forward_layer, layer.backward_layer), halves, strict=True)
    return [inner.run(inner.as_numbers(x), state, mask)[0] for inner, state in pairs]


def _halves(initial_state: Any) -> tuple[Any, Any]:
    if initial_state is None:
        return None, None
    half = len(initial_state) // 2
    return initial_state[:half], initial_state[half:]


@rule("bidirectional", sided=True, hidden=_sequences)
def bidirectional(call: Call) -> list[Approx]:
    """Two recurrent layers; their merged outputs, where those do not show the two sequences, from `sequence`."""
    layer = call.layer
    shown = _shown_halves(call) if call.sequence is None else call.sequence
    runs = [
        run(call.arithmetic, inner, call.x, seen, state, call.mask)
        for inner, seen, state in zip(
            (layer.forward_layer, layer.backward_layer),
            shown,
            _halves(call.kwargs.get("initial_state")),
            strict=True,
        )
    ]
    ends = [_merged_part(call, layer, *pair) for pair in zip(runs, shown, strict=True)]
    if layer.return_sequences:
        ends[1] = ends[1].map(lambda array: array[:, ::-1])
    outputs = merge(call.arithmetic, layer.merge_mode, *ends)
    if layer.return_state:
        outputs += [*runs[0][1], *runs[1][1]]
    return outputs if call.sequence is None else [*outputs, runs[0][0], runs[1][0]]


def _merged_part(call: Call, layer: Any, result: tuple[Approx, States], shown: Any) -> Approx:
    """What one direction gives to the merge: its bounds, or the numbers themselves where they are judged apart."""
    if call.sequence is not None:
        seen = np.asarray(shown, np.float64)
        part = Approx(seen, np.zeros(seen.shape))
    else:
        part = result[0]
    return part if layer.return_sequences else part[:, -1]


def _shown_halves(call: Call) -> tuple[Any, Any]:
    """The two sequences in the order of reading, where the output shows them."""
    layer = call.layer
    if not layer.return_sequences or layer.merge_mode not in ("concat", None):
        return None, None
    if layer.merge_mode == "concat":
        ahead, back = np.split(call.observed[0], [layer.forward_layer.cell.output_size], -1)
    else:
        ahead, back = call.observed[:2]
    return ahead, back[:, ::-1]


def merge(arithmetic: Arithmetic, mode: str | None, ahead: Approx, back: Approx) -> list[Approx]:
    """The outputs of the two directions as Bidirectional merges them."""
    match mode:
        case "concat":
            return [join([ahead, back])]
        case "sum":
            return [arithmetic.add(ahead, back)]
        case "ave":
            total = arithmetic.add(ahead, back)
            return [Approx(total.value / 2, total.error / 2 + arithmetic.tiny)]
        case "mul":
            return [arithmetic.multiply(ahead, back)]
        case _:
            return [ahead, back]


@rule("time_distributed", sided=True)
def time_distributed(call: Call) -> list[Approx]:
    """The rule of the inner layer, with each step as a sample of its own, or one step after the other."""
    batch, time = call.x.shape[:2]
    if call.layer.mixes_samples(call.x.shape):
        steps = [_inner(call, partial(np.take, indices=t, axis=1)) for t in range(time)]
        return [stack(list(results), axis=1) for results in zip(*steps, strict=True)]
    results = _inner(call, lambda array: np.reshape(array, (-1, *np.shape(array)[2:])))
    return [result.reshape(batch, time, *result.value.shape[1:]) for result in results]


def _inner(call: Call, samples: Callable[[Any], Array]) -> list[Approx]:
    """The rule of the inner layer on what `samples` makes of (batch, time, ...)."""
    inner, mask = call.layer.layer, None if call.mask is None else samples(call.mask)
    observed = tuple(map(samples, call.observed))
    return find_rule(inner)(
        Call(inner, (samples(call.x),), {}, mask, call.arithmetic, observed, None, call.own_result)
    )


def cell_call(call: Call) -> list[Approx]:
    """One call of a cell by itself: x and its states -> the output, then the new states."""
    cell, states = call.layer, call.args[1]
    given = cell.check_states(call.x, states)
    z = call.arithmetic.dot(cell, call.arithmetic.exact(call.x), _project)
    new = STEPS[cell.bound](call.arithmetic, cell, z, [call.arithmetic.exact(state) for state in given])
    return [new[cell.output_place], *new]


for _name in STEPS:
    rule(_name)(cell_call)
