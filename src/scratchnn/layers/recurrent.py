"""What the recurrent layers share: one loop over time for every cell, with masks and states."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError
from ..spec import Shape
from .base import Array, Layer
from .options import Options

States = tuple[Array, ...]


class Cell(Protocol):
    """One time step. The first state is the output; every state is (batch, units)."""

    units: int
    state_count: int

    def project(self, x: Array) -> Array:
        """The share of the input in the gates, for any number of steps at once: (..., gates · units)."""
        ...

    def step(self, z: Array, states: States) -> States:
        """The states after a step; z (batch, gates · units) is `project` of its input."""
        ...


class Recurrent(Layer):
    """Runs a cell over the time axis: (batch, time, features) -> (batch, units) or (batch, time, units).

    Attributes:
        cell: the cell.
        return_sequences: whether the output of every step is returned, or the last alone.
        return_state: whether the final states are returned too.
        go_backwards: whether the sequence is read from its end; the outputs come in the order of reading.
        zero_output_for_mask: whether masked steps put out zeros instead of the last output.
    """

    supports_masking = True
    bound = "recurrent"
    default_activation: ClassVar[str] = "tanh"

    cell: Any
    return_sequences: bool | None
    return_state: bool | None

    def __init__(
        self,
        cell: Cell,
        *,
        return_sequences: bool | None,
        return_state: bool | None,
        go_backwards: bool = False,
        zero_output_for_mask: bool = False,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.cell = cell
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.zero_output_for_mask = go_backwards, zero_output_for_mask

    @staticmethod
    def take_options(options: Options) -> dict[str, Any]:
        """The keyword arguments that all recurrent layers share, from Keras's config."""
        options.inert("unroll")  # how Keras loops, not what it computes
        options.inert("implementation")  # likewise: one matrix product or one for each gate
        options.inert("use_cudnn")  # likewise
        options.inert("input_dim")  # Keras 1's and 2's notes of the input's shape
        options.inert("input_length")
        options.only("stateful", False)
        options.only("time_major", False)
        return {
            "return_sequences": options.flag("return_sequences", False),
            "return_state": options.flag("return_state", False),
            "go_backwards": options.flag("go_backwards", False),
            "zero_output_for_mask": options.flag("zero_output_for_mask", False),
        }

    @staticmethod
    def take_dropout(options: Options) -> bool:
        """Whether Keras drops inputs or states of this layer in training, which this layer does not."""
        rates = [options.number(key, 0.0, minimum=0) for key in ("dropout", "recurrent_dropout")]
        return any(rates)

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
        z = self.cell.project(x)
        outputs = np.empty((*x.shape[:2], self.cell.units), x.dtype)
        output = np.zeros_like(outputs[:, 0])
        for place, t in enumerate(steps):
            new = self.cell.step(z[:, t], states)
            if keep is None:
                states, output = new, new[0]
            else:
                states = tuple(np.where(keep[:, t], n, old) for n, old in zip(new, states, strict=True))
                skipped = np.zeros_like(output) if self.zero_output_for_mask else output
                output = np.where(keep[:, t], new[0], skipped)
            outputs[:, place] = output
        return outputs, states

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
        x = self.as_floats(x, ndim=3, last=self.cell.input_dim)
        outputs, states = self.run(x, initial_state, mask)
        output = outputs if self.return_sequences else outputs[:, -1]
        return (output, *states) if self.return_state else output

    def _initial_states(self, x: Array, initial_state: Sequence[Any] | None) -> States:
        shape = (len(x), self.cell.units)
        if initial_state is None:
            return (np.zeros(shape, x.dtype),) * self.cell.state_count
        states = tuple(np.asarray(state) for state in initial_state)
        if [state.shape for state in states] != [shape] * self.cell.state_count:
            raise InputError(
                f"{self.label}: initial_state: expected {self.cell.state_count} arrays of shape {shape}, "
                f"got {[state.shape for state in states]}"
            )
        return tuple(state.astype(x.dtype) for state in states)

    def _check_mask(self, x: Array, mask: Any) -> Array:
        mask = np.asarray(mask)
        if mask.shape != x.shape[:2]:
            raise InputError(f"{self.label}: mask: expected shape {x.shape[:2]}, got {mask.shape}")
        return mask.astype(bool)

    def compute_mask(self, x: Any, mask: Any) -> Any:
        """The input's mask where every step is returned; the states have none."""
        output_mask = mask if self.return_sequences else None
        return (output_mask, *[None] * self.cell.state_count) if self.return_state else output_mask

    def output_shape(self, input_shape: Shape) -> Any:
        """(batch, time, units) or (batch, units), and the shapes of the states behind it."""
        self.check_shape(input_shape, ndim=3, last=self.cell.input_dim)
        state = (input_shape[0], self.cell.units)
        output = (*input_shape[:2], self.cell.units) if self.return_sequences else state
        return (output, *[state] * self.cell.state_count) if self.return_state else output
