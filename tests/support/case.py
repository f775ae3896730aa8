"""One example of a layer's test: everything that was drawn, as a literal that pastes into @example(...)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import filling

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """Geometry, options, regime and seed; the arrays follow from them.

    Attributes:
        layer: the Keras class.
        shape: shape of the input, batch axis first; a list of shapes for a layer of several inputs.
        options: the Keras config, as far as it is not the default.
        regime: what the numbers look like (see `filling.REGIMES`).
        seed: of every array.
        call: how the layer is called: "inputs" is 'float' (default), 'texts' or 'ids:N', or a list of these;
            "mask" a kind of `filling.mask`, or a list of them or None, one for each input; "attention_mask" such
            a kind too; "arguments" other keyword arguments; "states" (count, units) of the initial states;
            "cell_states" the sizes of the states that a cell is called with;
            "training" what the Keras layer is told.
    """

    layer: str
    shape: Any
    options: dict[str, Any] = field(default_factory=dict)
    regime: str = "normal"
    seed: int = 0
    call: dict[str, Any] = field(default_factory=dict)

    @property
    def shapes(self) -> list[Shape]:
        """The shape of each input."""
        return list(self.shape) if isinstance(self.shape, list) else [self.shape]

    @property
    def kinds(self) -> list[str]:
        """What each input holds."""
        kinds = self.call.get("inputs", "float")
        return list(kinds) if isinstance(kinds, list) else [kinds] * len(self.shapes)

    @property
    def input_shape(self) -> Any:
        """The shape of the input as a layer is built with it: any batch size."""
        open_batch = [(None, *shape[1:]) for shape in self.shapes]
        return open_batch if isinstance(self.shape, list) else open_batch[0]

    def inputs(self) -> Any:
        """The input, or the list of them; nobody may write to it."""
        arrays = [
            filling.filled(kind, self.seed, f"input {place}", shape, self.regime)
            for place, (kind, shape) in enumerate(zip(self.kinds, self.shapes, strict=True))
        ]
        for array in arrays:
            array.setflags(write=False)
        return arrays if isinstance(self.shape, list) else arrays[0]

    def mask(self) -> Any:
        """The mask (batch, time), if the case has one; for several inputs a list."""
        kind, shape = self.call.get("mask"), self.shapes[0]
        if isinstance(kind, list):
            return [
                None if one is None else filling.mask(one, self.seed + place, given[:2])
                for place, (one, given) in enumerate(zip(kind, self.shapes, strict=True))
            ]
        time = 2 if self.options.get("data_format") == "channels_first" else 1
        return None if kind is None else filling.mask(kind, self.seed, (shape[0], shape[time]))

    def arguments(self) -> dict[str, Any]:
        """The other keyword arguments of the call."""
        arguments, kind = dict(self.call.get("arguments", {})), self.call.get("attention_mask")
        if kind is not None:
            (batch, steps, _), (_, keys, _) = self.shapes[:2]
            arguments["attention_mask"] = filling.mask(kind, self.seed, (batch * steps, keys)).reshape(
                batch, steps, -1
            )
        return arguments

    def states(self) -> list[np.ndarray] | None:
        """The initial states (batch, units), if the case has any."""
        if "states" not in self.call:
            return None
        count, units = self.call["states"]
        shape = (self.shapes[0][0], units)
        return [filling.filled("float", self.seed, f"state {n}", shape, self.regime) for n in range(count)]

    def cell_states(self) -> list[np.ndarray] | None:
        """The states (batch, size) that a cell is called with, if the layer is a cell."""
        if "cell_states" not in self.call:
            return None
        batch = self.shapes[0][0]
        sizes = enumerate(self.call["cell_states"])
        return [filling.filled("float", self.seed, f"state {n}", (batch, size), self.regime) for n, size in sizes]

    def weight(self, place: int, name: str, shape: Shape) -> np.ndarray:
        """The value of weight number `place`."""
        return filling.weight(self.seed, place, name, shape, self.regime)
