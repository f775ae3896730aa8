"""What the recurrent layers share: one loop over time for every cell, with masks and states."""

from collections.abc import Sequence
from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError
from ..spec import Shape
from .base import Array, Layer
from .options import Options, Weights

States = tuple[Array, ...]


class Cell(Layer):
    """One time step. A subclass gives `project` and `step`, and its `bound` names the rule of a step.

    Attributes:
        input_dim: features of one step.
        units: size of the output.
        state_count: number of states; each is (batch, units).
        output_place: which of the states is the output.
    """

    input_dim: int
    units: int
    state_count: int
    output_place: int = 0

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Size of each state."""
        return (self.units,) * self.state_count

    @property
    def output_size(self) -> int:
        """Size of the output."""
        return self.state_sizes[self.output_place]

    def project(self, x: Array) -> Array:
        """The share of the input in the gates, for any number of steps at once: (..., gates · units)."""
        raise NotImplementedError

    def step(self, z: Array, states: States) -> States:
        """The states after a step; z (batch, gates · units) is `project` of its input."""
        raise NotImplementedError

    def forward(self, x: Any, states: Any) -> Any:
        """One step as Keras calls a cell: the output, then the states.

        Args:
            x: (batch, input_dim).
            states: one (batch, size) for each state, or the bare array where there is one.

        Raises:
            InputError: another rank, feature size or state shape, or no elements.
        """
        x = self.as_numbers(x, ndim=2, last=self.input_dim)
        new = self.step(self.project(x), self.check_states(x, states))
        return (new[self.output_place], *new)

    def check_states(self, x: Array, states: Any, label: str | None = None) -> States:
        """The given states, flat, in the dtype of x.

        Raises:
            InputError: another number or shape of states.
        """
        flat = tuple(np.asarray(state) for state in _flatten(states))
        expected = [(len(x), size) for size in self.state_sizes]
        if [state.shape for state in flat] != expected:
            raise InputError(
                f"{label or self.label}: initial_state: expected {len(expected)} arrays of shapes {expected}, "
                f"got {[state.shape for state in flat]}"
            )
        return tuple(state.astype(x.dtype, copy=False) for state in flat)

    def output_shape(self, input_shape: Any) -> Any:
        """(batch, units), then the shapes of the states."""
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        self.check_shape(shape, ndim=2, last=self.input_dim)
        return ((shape[0], self.units), *((shape[0], size) for size in self.state_sizes))

    @staticmethod
    def take_dropout(options: Options) -> bool:
        """Whether Keras drops inputs or states in training, which scratchnn does not."""
        rates = [options.number(key, 0.0, minimum=0) for key in ("dropout", "recurrent_dropout")]
        return any(rates)


def _flatten(states: Any) -> list[Any]:
    """The arrays of nested lists, in order: stacked cells have a list of states for each cell."""
    if isinstance(states, list | tuple):
        return [array for state in states for array in _flatten(state)]
    return [states]


class LoopOptions(TypedDict, total=False):
    """Options of every recurrent layer that have nothing to do with its cell; `Recurrent` says what they mean."""

    go_backwards: bool
    zero_output_for_mask: bool
    stateful: bool
    unroll: bool
    name: str | None


class Recurrent(Layer):
    """Runs a cell over the time axis: (batch, time, features) -> (batch, units) or (batch, time, units).

    Attributes:
        cell: the cell.
        return_sequences: whether the output of every step is returned, or the last alone.
        return_state: whether the final states are returned too.
        go_backwards: whether the sequence is read from its end; the outputs come in the order of reading.
        zero_output_for_mask: whether masked steps put out zeros instead of the last output.
        stateful: whether a call starts from the states that the call before left.
        states: those states; None stands for zeros.
        unroll: how Keras loops. It shows in one case alone: a mask with go_backwards, zero_output_for_mask and
            return_sequences, where Keras's unrolled loop zeroes the outputs at the mirrored steps.

    A stateful layer remembers, so one stream of sequences needs one layer: give each thread or stream its own
    `copy.copy(layer)` (it shares the weights). Calls that share a layer never see half a state, since a call
    replaces `states` as a whole and changes no array in it, but which call's states stay is then a matter of luck.
    """

    supports_masking = True
    bound = "recurrent"

    cell_type: type[Cell]
    cell: Any

    def __init__(
        self,
        cell: Cell,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        zero_output_for_mask: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.cell = cell
        self.inference_only = cell.inference_only
        self.stateful, self.unroll = stateful, unroll
        self.states: States | None = None
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.zero_output_for_mask = go_backwards, zero_output_for_mask

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> Self:
        """Build from Keras's config of the layer, which has the keys of its cell too."""
        layer = cls.__new__(cls)
        cell: Any = cls.cell_type.from_config(options, weights, input_shape)
        Recurrent.__init__(layer, cell, **cls.take_options(options))
        return layer

    @staticmethod
    def take_options(options: Options) -> dict[str, Any]:
        """The keyword arguments that all recurrent layers share, from Keras's config."""
        options.inert("implementation")  # how Keras computes: one matrix product or one for each gate
        options.inert("use_cudnn")  # likewise
        options.inert("input_dim")  # Keras 1's and 2's notes of the input's shape
        options.inert("input_length")
        options.only("time_major", False)
        return {
            "return_sequences": options.flag("return_sequences", False),
            "return_state": options.flag("return_state", False),
            "go_backwards": options.flag("go_backwards", False),
            "zero_output_for_mask": options.flag("zero_output_for_mask", False),
            "stateful": options.flag("stateful", False),
            "unroll": options.flag("unroll", False),
        }

    def sublayers(self) -> dict[str, Layer]:
        """The cell."""
        return {"cell": self.cell}

    def run(self, x: Array, initial_state: Sequence[Any] | None = None, mask: Any = None) -> tuple[Array, States]:
        """The loop itself, whatever the layer returns of it.

        Args:
            x: (batch, time, features), checked.
            initial_state: one array (batch, units) for each state of the cell; None means zeros.
            mask: (batch, time), False where a step is to be skipped: its states are carried over.

        Returns:
            The outputs (batch, time, units) in the order of reading, and the final states.
        """
        states = self._initial_states(x, initial_state)
        steps = range(x.shape[1] - 1, -1, -1) if self.go_backwards else range(x.shape[1])
        keep = None if mask is None else self._check_mask(x, mask)[..., None]
        z, place_of_output = self.cell.project(x), self.cell.output_place
        outputs = np.empty((*x.shape[:2], self.cell.units), x.dtype)
        output = np.zeros_like(outputs[:, 0])
        # Keras's unrolled loop does not turn the mask round with the sequence when it zeroes the outputs.
        misplaced = self.unroll and bool(self.return_sequences)
        for place, t in enumerate(steps):
            new = self.cell.step(z[:, t], states)
            if keep is None:
                states, output = new, new[place_of_output]
            else:
                states = tuple(np.where(keep[:, t], n, old) for n, old in zip(new, states, strict=True))
                output = np.where(keep[:, t], new[place_of_output], output)
            if keep is None or not self.zero_output_for_mask:
                outputs[:, place] = output
            else:
                outputs[:, place] = np.where(keep[:, place if misplaced else t], output, np.zeros_like(output))
        if self.stateful:
            self.states = states
        return outputs, states

    def reset_state(self) -> None:
        """Let the next call of a stateful layer start from zeros."""
        self.states = None

    def forward(self, x: Any, *, initial_state: Sequence[Any] | None = None, mask: Any = None) -> Any:
        """Run the sequences: (batch, time, features) -> what `return_sequences` and `return_state` ask for.

        Args:
            x: (batch, time, features).
            initial_state: one (batch, units) for each state; None means zeros.
            mask: (batch, time), False where a step is skipped.

        Returns:
            (batch, time, units) or (batch, units); with return_state a tuple with the final states behind it.

        Raises:
            InputError: another rank, feature size, mask or state shape, or no elements.
        """
        x = self.as_numbers(x, ndim=3, last=self.cell.input_dim)
        outputs, states = self.run(x, initial_state, mask)
        output = outputs if self.return_sequences else outputs[:, -1]
        return (output, *states) if self.return_state else output

    def _initial_states(self, x: Array, initial_state: Sequence[Any] | None) -> States:
        if initial_state is None and self.stateful:
            initial_state = self.states
        if initial_state is None:
            return tuple(np.zeros((len(x), size), x.dtype) for size in self.cell.state_sizes)
        given = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
        return self.cell.check_states(x, given, self.label)

    def _check_mask(self, x: Array, mask: Any) -> Array:
        mask = np.asarray(mask)
        if mask.shape != x.shape[:2]:
            raise InputError(f"{self.label}: mask: expected shape {x.shape[:2]}, got {mask.shape}")
        return mask.astype(bool)

    def compute_mask(self, x: Any, mask: Any) -> Any:
        """The input's mask where every step is returned; the states have none."""
        output_mask = mask if self.return_sequences else None
        return (output_mask, *[None] * len(self.cell.state_sizes)) if self.return_state else output_mask

    def output_shape(self, input_shape: Shape) -> Any:
        """(batch, time, units) or (batch, units), and the shapes of the states behind it."""
        self.check_shape(input_shape, ndim=3, last=self.cell.input_dim)
        batch, units = input_shape[0], self.cell.units
        output = (*input_shape[:2], units) if self.return_sequences else (batch, units)
        states = [(batch, size) for size in self.cell.state_sizes]
        return (output, *states) if self.return_state else output
