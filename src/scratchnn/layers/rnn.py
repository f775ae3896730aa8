"""RNN: any cell, or a stack of cells, run over time."""

from ..spec import Shape
from .base import build_nested, register
from .options import Options, Weights
from .recurrent import Cell, Recurrent


@register("RNN")
class CellRNN(Recurrent):
    """Keras's RNN: (batch, time, features) -> (batch, units) or (batch, time, units).

    (`scratchnn.RNN` is the report's name for Keras's SimpleRNN.)

    Source: https://keras.io/api/layers/recurrent_layers/rnn/

    Args:
        cell: a cell; `StackedRNNCells` for several.
        return_sequences, return_state, go_backwards, zero_output_for_mask, stateful, unroll: as in Keras.
            The final states of stacked cells follow one after the other.
    """

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "CellRNN":
        """Build from Keras's RNN config."""
        serialized = options.raw("cell")
        if isinstance(serialized, list):  # older Keras wrote the list of cells that the layer was given
            serialized = {"class_name": "StackedRNNCells", "config": {"cells": serialized}}
        step_shape = (input_shape[0], *input_shape[2:])
        cell = build_nested(options, "cell", serialized, weights, step_shape, Cell)
        return cls(cell, **cls.take_options(options))
