"""SimpleRNN layers on top of each other, all of them in one step: a wave that runs through time and layers.

Layer l at time t needs the layer below at time t and itself at time t - 1. Both are known once the diagonal
d - 1 = t + l - 1 is done, so that all layers do their part of diagonal d = t + l in the same calls of NumPy: a
stack of five layers over 100 steps is 104 steps of five calls where layer by layer it is 500 of three. The
calls that are saved are most of the time of a small batch; a large one loses nothing.

At the first diagonals the upper layers have not begun, at the last ones the lower layers are through: each
diagonal works on the slice of layers that have something to do, and on nothing else, so that a value that is not
finite goes where it would go layer by layer.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.base import Array
from ..layers.embedding import Embedding
from ..layers.recurrent import Recurrent
from ..layers.simple_rnn import RNNCell
from .chain import Link
from .gates import Call, PackedCell, pack_simple_rnn
from .pointwise import activation_in_place
from .recurrent import TABLE_BYTES, RecurrentStep, Sizes, Source, directions_of, fuse_recurrent
from .steps import FLOAT32, FusedStep, Values, Workspace

if TYPE_CHECKING:
    from ..models.graph import Model


def fuse_recurrent_stack(model: "Model", number: int, links: Sequence[Link]) -> FusedStep | None:
    """[Embedding] and two or more SimpleRNN layers of as many units, forward in time."""
    first = 1 if isinstance(links[0].layer, Embedding) else 0
    if len(links) <= first or not _stackable(links[first].layer):
        return None
    lowest: Any = links[first].layer
    above = list(takewhile(lambda link: _continues(lowest, link.layer), links[first + 1 :]))
    inner = [link.layer.return_sequences for link in (links[first], *above)]  # type: ignore[attr-defined]
    taken = first + 1 + len(above) if all(inner) else first + 1 + inner.index(False)
    packed = pack_simple_rnn([lowest])
    if taken < first + 2 or packed is None:
        return None
    embedding = links[0].layer
    if isinstance(embedding, Embedding) and packed.table_bytes(embedding) > TABLE_BYTES:
        return None
    return StackStep(model, number, links[:taken], packed)


def _stackable(layer: Any) -> bool:
    directions = directions_of(layer)
    return directions == [layer] and isinstance(layer.cell, RNNCell) and not layer.go_backwards


def _continues(lowest: Any, layer: Any) -> bool:
    """Whether a layer is of the same kind as the lowest of the stack."""
    return (
        _stackable(layer) and layer.cell.units == lowest.cell.units and layer.cell.activate is lowest.cell.activate
    )


class StackStep(RecurrentStep):
    """The layers of a stack in one loop; one by one where there is a mask.

    Args:
        model, number, links: as for any step.
        packed: the weights of the lowest layer.

    Attributes:
        stack: the layers, the lowest first.
        one_by_one: a step for each of them.
    """

    def __init__(self, model: "Model", number: int, links: Sequence[Link], packed: PackedCell) -> None:
        super().__init__(model, number, links, packed)
        self.stack: list[Any] = [link.layer for link in links if not isinstance(link.layer, Embedding)]
        self.one_by_one, rest = list[FusedStep](), list(links)
        while rest:
            step = fuse_recurrent(model, len(self.one_by_one), rest)
            assert step is not None  # by the rule
            self.one_by_one.append(step)
            rest = rest[len(step.links) :]

    def run(self, values: Values, masks: Values, workspace: Workspace) -> None:
        """Run the kernel, or the layers one by one if steps are masked."""
        if self.mask(values[self.source], masks) is None:
            super().run(values, masks, workspace)
            return
        own = workspace.setdefault((self.number, ()), {})  # the steps in it are numbered from 0
        for step in self.one_by_one:
            step.run(values, masks, own)

    def bind_loop(self, shape: tuple[int, ...]) -> Callable[[Array, Array | None], Array]:
        """The kernel for ids (batch, time) or vectors (batch, time, features), without a mask."""
        wave = self._wave(shape, self.stack[-1].return_sequences)
        return lambda x, mask: wave.run(x)

    def sequences(self, x: Array) -> list[Array]:
        """The output of every layer at every step, which a call of the step keeps to itself."""
        wave = self._wave(x.shape, True)
        wave.run(x)
        return [wave.sequence(layer) for layer in range(len(self.stack))]

    def _wave(self, shape: tuple[int, ...], keep: bool) -> "_Wave":
        batch, time = shape[:2]
        sizes = Sizes(batch, time, 1, 1, self.stack[0].cell.units, len(self.stack))
        return _Wave(sizes, self.bind_source(sizes, [False]), self.stack, keep)


class _Wave:
    """The loop over the diagonals, for one shape of input.

    Args:
        sizes: of the lowest layer, which has a source.
        source: the share of the input in the lowest layer.
        stack: the layers.
        keep: whether the outputs of all steps are kept; otherwise those of two diagonals take turns.
    """

    def __init__(self, sizes: Sizes, source: Source, stack: Sequence[Recurrent], keep: bool) -> None:
        cells, state = [layer.cell for layer in stack], sizes.state[1:]
        self._sizes, self._source, self._keep, self._depth = sizes, source, keep, len(cells)
        self._kernel = np.stack([cell.Wx for cell in cells[1:]]).astype(FLOAT32)
        self._recurrent = np.stack([cell.Wh for cell in cells]).astype(FLOAT32)
        self._product = np.empty((len(cells) - 1, *state), FLOAT32)
        # The share of the lowest layer is its input's; that of the others is their bias, at all steps alike.
        self._shares = np.zeros((len(cells), sizes.chunk, *state), FLOAT32)
        for share, cell in zip(self._shares[1:], cells[1:], strict=True):
            share[...] = 0 if cell.b is None else cell.b
        diagonals = sizes.time + len(cells) - 1
        # hidden[d][l] is what layer l put out on the diagonal before d: zeros, until it begins
        self._hidden = np.zeros((diagonals + 1 if keep else 2, len(cells), *state), FLOAT32)
        self._activations = [activation_in_place(cells[0].activate, (n, *state)) for n in range(len(cells) + 1)]
        self._diagonals = [self._diagonal(d) for d in range(diagonals)]

    def _diagonal(self, d: int) -> list[Call]:
        """The calls of one diagonal: the layers from `low` on, below `high`, do a step each."""
        low, high = max(0, d - self._sizes.time + 1), min(self._depth, d + 1)
        fed = slice(max(low, 1), high)  # the lowest of all is fed by the source
        feeding = slice(fed.start - 1, high - 1)
        before, after = (self._hidden[place % len(self._hidden)] for place in (d, d + 1))
        upper, product, output = after[fed], self._product[feeding], after[low:high]
        activation = self._activations[high - low]
        return [
            partial(np.matmul, before[feeding], self._kernel[feeding], product),
            partial(np.matmul, before[low:high], self._recurrent[low:high], output),
            partial(np.add, upper, product, upper),
            partial(np.add, output, self._shares[low:high, d % self._sizes.chunk], output),
            *([] if activation is None else [partial(activation, output)]),
        ]

    def run(self, x: Array) -> Array:
        """(batch, time, units) of the highest layer, or (batch, units) of its last step."""
        time, chunk = self._sizes.time, self._sizes.chunk
        self._source.start(x)
        self._hidden[: self._depth] = 0
        for first in range(0, len(self._diagonals), chunk):
            if first < time:
                self._source.fill(first, self._shares[0, : min(chunk, time - first), None, None])
            for calls in self._diagonals[first : first + chunk]:
                for call in calls:
                    call()
        if self._keep:
            return self.sequence(self._depth - 1)
        return self._hidden[len(self._diagonals) % 2, -1]

    def sequence(self, layer: int) -> Array:
        """(batch, time, units) of a layer, where all steps are kept."""
        return self._hidden[layer + 1 : layer + 1 + self._sizes.time, layer].swapaxes(0, 1)
