"""LSTM, GRU and SimpleRNN in one direction or both, with the Embedding before them.

What is done once, when the kernel is made:

- The gates lie one after the other, (gate, direction, batch, units), not side by side in one row: one matrix
  product over a stack gives all gates of both directions, and each group of gates is one block for NumPy.
- An Embedding followed by a kernel is a table: row v is embedding[v] · kernel + bias. A step then looks up its
  share of the input instead of multiplying.

What is done for each call: the input of as many steps as fill 1 MiB, up to 50, is projected at a time (the cache
holds that), then each step is a few calls of NumPy on buffers that are reused. Sequences are kept with the time
axis first; what a layer hands on is a transposed view, which the next layer turns back without a copy.

The backward direction reads its share of the input from the end: step s of both directions is one step here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..layers.base import Array, Layer
from ..layers.bidirectional import Bidirectional
from ..layers.embedding import Embedding
from ..layers.recurrent import Recurrent
from .chain import Link
from .gates import CELLS, PackedCell
from .pointwise import full
from .steps import FLOAT32, FusedStep, Kernel, Values, Workspace

if TYPE_CHECKING:
    from ..models.graph import Model

# Bytes of the largest table that an Embedding and a kernel are multiplied into.
TABLE_BYTES = 2**26

# Bytes of the projected input of so many steps as are projected at a time, and the most steps.
CHUNK_BYTES, CHUNK_STEPS = 2**20, 50


def fuse_recurrent(model: "Model", number: int, links: Sequence[Link]) -> FusedStep | None:
    """[Embedding] and one recurrent layer whose cell has a fast step."""
    embedding, taken = links[0].layer, 1
    if isinstance(embedding, Embedding):
        taken = 2
    directions = None if len(links) < taken else directions_of(links[taken - 1].layer)
    packed = None if directions is None else CELLS[type(directions[0].cell)](directions)
    if packed is None or (isinstance(embedding, Embedding) and packed.table_bytes(embedding) > TABLE_BYTES):
        return None
    return RecurrentStep(model, number, links[:taken], packed)


def directions_of(layer: Layer) -> list[Recurrent] | None:
    """The recurrent layers of one direction or both; None where something needs the plain loop."""
    if isinstance(layer, Bidirectional):
        ahead, back = layer.forward_layer, layer.backward_layer
        same = type(ahead.cell) is type(back.cell) and ahead.cell.units == back.cell.units
        if not same or layer.merge_mode != "concat" or ahead.go_backwards or not back.go_backwards:
            return None
        found = [ahead, back]
    elif isinstance(layer, Recurrent):
        found = [layer]
    else:
        return None
    plain = all(not each.stateful and not each.return_state and not each.unroll for each in found)
    known = all(type(each.cell) in CELLS and each.cell.dtype == FLOAT32 for each in found)
    return found if plain and known and found[0].return_state is not None else None


class RecurrentStep(FusedStep):
    """The recurrent layer at the end of the chain, run for ids or vectors, with or without a mask.

    Args:
        model, number, links: as for any step.
        packed: the weights of the layer's cells.
    """

    tile = least = 128

    def __init__(self, model: "Model", number: int, links: Sequence[Link], packed: PackedCell) -> None:
        super().__init__(model, number, links)
        self._packed = packed
        self._layer: Any = links[-1].layer
        self._embedding: Any = links[0].layer if isinstance(links[0].layer, Embedding) else None
        self._table: Array | None = None

    def run(self, values: Values, masks: Values, workspace: Workspace) -> None:
        """Run the kernel, or the plain layers where the input is nothing for it: wrong ids, another rank."""
        x = values[self.source]
        if not self._takes(x):
            self.run_plain(values, masks, workspace)
            return
        mask = self.mask(x, masks)
        key = (self.number, x.shape)
        loop = workspace.get(key)
        if loop is None:
            loop = workspace[key] = self.bind_loop(x.shape)
        values[self.target] = loop(x, mask)
        if mask is not None:
            masks[self.target] = self._layer.compute_mask(x, mask)

    def _takes(self, x: Array) -> bool:
        """Whether the kernel takes x: ids of the table, or vectors of the right size."""
        if self._embedding is None:
            return x.ndim == 3 and x.size > 0 and x.shape[-1] == self._packed.features and x.dtype.kind in "fiub"
        ids = x.ndim == 2 and x.size > 0 and x.dtype.kind in "iu"
        return bool(ids and x.min() >= 0 and x.max() < len(self._embedding.W))

    def mask(self, x: Array, masks: Values) -> Array | None:
        """The mask that the recurrent layer gets."""
        mask = masks.get(self.source)
        return mask if self._embedding is None else self._embedding.compute_mask(x, mask)

    def bind(self, shape: tuple[int, ...]) -> Kernel:
        """The kernel without a mask."""
        loop = self.bind_loop(shape)
        return lambda x: loop(x, None)

    def bind_loop(self, shape: tuple[int, ...]) -> Callable[[Array, Array | None], Array]:
        """The kernel for ids (batch, time) or vectors (batch, time, features), and a mask (batch, time)."""
        batch, time = shape[:2]
        packed, layer = self._packed, self._layer
        gates, directions, _, units = packed.kernel.shape
        sizes = Sizes(batch, time, gates, directions, units)
        backwards = [False, True] if isinstance(layer, Bidirectional) else [layer.go_backwards]
        return _Loop(sizes, packed, self.bind_source(sizes, backwards), backwards, layer).run

    def bind_source(self, sizes: "Sizes", backwards: list[bool]) -> "Source":
        """What gives the shares of the input, for directions that read from the end or not."""
        if self._embedding is None:
            return _Vectors(sizes, self._packed, backwards)
        if self._table is None:
            self._table = self._packed.table(self._embedding.get_weights()[0])
        return _Ids(sizes, self._table, backwards)


@dataclass(frozen=True)
class Sizes:
    """The axes of everything in a loop, and how many steps are projected at a time.

    Attributes:
        depth: layers whose shares are held at a time.
    """

    batch: int
    time: int
    gates: int
    directions: int
    units: int
    depth: int = 1

    @property
    def step(self) -> tuple[int, int, int, int]:
        """Shape of all gates of a step."""
        return self.gates, self.directions, self.batch, self.units

    @property
    def state(self) -> tuple[int, int, int]:
        """Shape of a state."""
        return self.directions, self.batch, self.units

    @property
    def chunk(self) -> int:
        """Steps whose input is projected at a time."""
        size = FLOAT32.itemsize * self.depth * self.gates * self.directions * self.batch * self.units
        return max(1, min(self.time, CHUNK_STEPS, CHUNK_BYTES // size))


class Source(Protocol):
    """Gives the share of the input in the gates."""

    def start(self, x: Array) -> None:
        """Take the input of a call."""
        ...

    def fill(self, first: int, out: Array) -> None:
        """Write the shares of the steps from `first` on to out (steps, *step)."""
        ...


class _Ids:
    """Ids: the rows of a table (gates · directions · vocabulary, units)."""

    def __init__(self, sizes: Sizes, table: Array, backwards: list[bool]) -> None:
        gates, directions, vocabulary, units = table.shape
        self._rows = table.reshape(-1, units)
        self._blocks = (np.arange(gates * directions) * vocabulary).reshape(gates, directions, 1)
        self._backwards = backwards
        # (time, 1, direction, batch): which id each direction reads at each step
        self._ids = np.empty((sizes.time, 1, directions, sizes.batch), np.intp)
        self._places = np.empty((sizes.chunk, gates, directions, sizes.batch), np.intp)

    def start(self, x: Array) -> None:
        """Order the ids by step and direction."""
        for place, backwards in enumerate(self._backwards):
            self._ids[:, 0, place] = x.T[::-1] if backwards else x.T

    def fill(self, first: int, out: Array) -> None:
        """Look the rows up."""
        places = self._places[: len(out)]
        np.add(self._ids[first : first + len(out)], self._blocks, out=places)
        np.take(self._rows, places, axis=0, out=out, mode="clip")  # 'clip' is the mode that does not copy `out`


class _Vectors:
    """Vectors: products with the kernel, some steps at a time."""

    def __init__(self, sizes: Sizes, packed: PackedCell, backwards: list[bool]) -> None:
        self._kernel, self._backwards = packed.kernel, backwards
        self._x = np.empty((len(backwards), sizes.time, sizes.batch, packed.features), FLOAT32)
        bias = packed.bias
        self._bias = None if bias is None else full((sizes.chunk, *sizes.step), bias[:, :, None])

    def start(self, x: Array) -> None:
        """Order the vectors by direction and step."""
        by_time = x.swapaxes(0, 1)
        for mine, backwards in zip(self._x, self._backwards, strict=True):
            np.copyto(mine, by_time[::-1] if backwards else by_time, casting="unsafe")

    def fill(self, first: int, out: Array) -> None:
        """Multiply, and add the bias."""
        for place, x in enumerate(self._x):
            steps = x[first : first + len(out)]
            if out.shape[3] == 1:  # one sample: its steps are the rows of one product for each gate
                np.matmul(steps[:, 0], self._kernel[:, place], out=out[:, :, place, 0].swapaxes(0, 1))
            else:
                np.matmul(steps[:, None], self._kernel[:, place], out=out[:, :, place])
        if self._bias is not None:
            np.add(out, self._bias[: len(out)], out=out)


class _Loop:
    """The loop over the steps, for one shape of input.

    Where only the last output is asked for, the states of two steps take turns; otherwise all are kept.
    """

    def __init__(
        self, sizes: Sizes, packed: PackedCell, source: Source, backwards: list[bool], layer: Any
    ) -> None:
        self._sizes, self._source, self._backwards = sizes, source, backwards
        self._sequences = bool(layer.return_sequences)
        last = layer.forward_layer if isinstance(layer, Bidirectional) else layer
        self._zero_output = bool(last.zero_output_for_mask)
        self._projected = np.empty((sizes.chunk, *sizes.step), FLOAT32)
        self._hidden = np.zeros((sizes.time + 1 if self._sequences else 2, *sizes.state), FLOAT32)
        make, self._carried = packed.bind(sizes.state)
        self._merged = self._output_buffer()
        self._steps = [
            make(self._projected[step % sizes.chunk], self._place(step), self._place(step + 1))
            for step in range(sizes.time)
        ]

    def _place(self, step: int) -> Array:
        """Where the output before step number `step` is."""
        return self._hidden[step if self._sequences else step % 2]

    def _output_buffer(self) -> Array:
        sizes = self._sizes
        width = sizes.directions * sizes.units
        return np.empty((sizes.time, sizes.batch, width) if self._sequences else (sizes.batch, width), FLOAT32)

    def run(self, x: Array, mask: Array | None) -> Array:
        """(batch, time, directions · units), or (batch, directions · units) of the last step."""
        sizes = self._sizes
        self._source.start(x)
        self._hidden[0] = 0
        for state in self._carried:
            state[...] = 0
        dropped = None if mask is None else self._dropped(np.asarray(mask, bool))
        for first in range(0, sizes.time, sizes.chunk):
            last = min(first + sizes.chunk, sizes.time)
            self._source.fill(first, self._projected[: last - first])
            if dropped is None:
                for calls in self._steps[first:last]:
                    for call in calls:
                        call()
            else:
                for step in range(first, last):
                    self._masked_step(step, dropped[step])
        return self._merge(dropped)

    def _dropped(self, mask: Array) -> Array:
        """Which steps are skipped: (time, direction, batch, 1), in the order of reading."""
        by_time = ~mask.T
        directions = [by_time[::-1] if backwards else by_time for backwards in self._backwards]
        return np.stack(directions, axis=1)[..., None]

    def _masked_step(self, step: int, dropped: Array) -> None:
        """One step in which some samples keep the states that they had."""
        kept = [state.copy() for state in self._carried]
        for call in self._steps[step]:
            call()
        np.copyto(self._place(step + 1), self._place(step), where=dropped)
        for state, old in zip(self._carried, kept, strict=True):
            np.copyto(state, old, where=dropped)

    def _merge(self, dropped: Array | None) -> Array:
        """Both directions side by side, the backward one turned round; zeros where a mask wants them."""
        sizes, out = self._sizes, self._merged
        zeroed = dropped if self._zero_output else None
        for place in range(sizes.directions):
            columns = out[..., place * sizes.units : (place + 1) * sizes.units]
            if self._sequences:
                turn = slice(None, None, -1) if place == 1 else slice(None)
                columns[...] = self._hidden[1:, place][turn]
                if zeroed is not None:
                    np.copyto(columns, FLOAT32.type(0), where=zeroed[:, place][turn])
            else:
                columns[...] = self._place(sizes.time)[place]
                if zeroed is not None:
                    np.copyto(columns, FLOAT32.type(0), where=zeroed[-1, place])
        return out.swapaxes(0, 1) if self._sequences else out
