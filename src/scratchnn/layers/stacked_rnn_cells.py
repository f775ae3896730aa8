"""StackedRNNCells: several cells, each fed with the output of the one before, as one cell."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from .base import Array, Layer, build_nested, register
from .options import Options, Weights
from .recurrent import Cell, States


@register("StackedRNNCells")
class StackedRNNCells(Cell):
    """One time step through all cells; its states are those of the cells one after the other.

    Source: https://keras.io/api/layers/recurrent_layers/stacked_rnn_cell/

    Args:
        cells: at least one cell; each takes the units of the one before.
    """

    bound = "stacked"

    def __init__(self, cells: Sequence[Cell], *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.cells = tuple(cells)
        if not self.cells:
            raise ConfigError(f"{self.label}: cells: expected at least one cell, got none")
        for before, cell in zip(self.cells, self.cells[1:], strict=False):
            if cell.input_dim != before.units:
                raise ConfigError(
                    f"{self.label}: cells: {cell.label} takes {cell.input_dim} features, but {before.label} "
                    f"before it has {before.units} units"
                )
        self.input_dim, self.units = self.cells[0].input_dim, self.cells[-1].units
        self.inference_only = any(cell.inference_only for cell in self.cells)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "StackedRNNCells":
        """Build from Keras's StackedRNNCells config, or from the list that an RNN layer may have instead."""
        serialized = options.raw("cells")
        if not isinstance(serialized, list):
            raise ConfigError(
                f"{options.layer}: option 'cells': expected a list of cells, got {serialized!r:.200}"
            )
        cells: list[Cell] = []
        for config in serialized:
            cells.append(build_nested(options, "cells", config, weights, input_shape, Cell))
            input_shape = (input_shape[0], cells[-1].units)
        return cls(cells)

    def sublayers(self) -> dict[str, Layer]:
        """The cells, by their place."""
        return {str(place): cell for place, cell in enumerate(self.cells)}

    def replace_sublayer(self, attribute: str, layer: Layer) -> None:
        """Put a layer in the place of a cell."""
        assert isinstance(layer, Cell)  # as all its cells are; for the type checker
        place = int(attribute)
        self.cells = (*self.cells[:place], layer, *self.cells[place + 1 :])

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Sizes of the states of all cells."""
        return tuple(size for cell in self.cells for size in cell.state_sizes)

    @property
    def output_place(self) -> int:  # type: ignore[override]
        """The output is that of the last cell."""
        return len(self.state_sizes) - len(self.cells[-1].state_sizes) + self.cells[-1].output_place

    def project(self, x: Array) -> Array:
        """The share of the input in the gates of the first cell."""
        return self.cells[0].project(x)

    def step(self, z: Array, states: States) -> States:
        """The states of all cells after a step; z is `project` of the input."""
        after: States = ()
        for cell, following in zip(self.cells, (*self.cells[1:], None), strict=True):
            new = cell.step(z, states[len(after) : len(after) + len(cell.state_sizes)])
            after += new
            if following is not None:
                z = following.project(new[cell.output_place])
        return after
