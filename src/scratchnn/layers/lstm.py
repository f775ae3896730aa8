"""LSTM."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..spec import Shape
from .base import Array, glorot_uniform, register
from .options import Options, Weights
from .recurrent import Cell, LoopOptions, Recurrent, States


@register("LSTMCell")
class LSTMCell(Cell):
    """One step of an LSTM; the gates lie in the order input, forget, candidate, output along the last axis.

    Source: https://www.bioinf.jku.at/publications/older/2604.pdf and
    https://keras.io/api/layers/recurrent_layers/lstm_cell/

    Attributes:
        W: the kernel (input_dim, 4 · hidden_dim).
        U: the recurrent kernel (hidden_dim, 4 · hidden_dim).
        b: the bias (4 · hidden_dim,), or None.
    """

    variables = ("W", "U", "b")
    bound = "lstm"
    state_count = 2

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        *,
        activation: str | activations.Activation | None = "tanh",
        recurrent_activation: str | activations.Activation | None = "sigmoid",
        use_bias: bool = True,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.input_dim, self.units = input_dim, hidden_dim
        self.activation, self.activate = activation, activations.get(activation)
        self.recurrent_activation = recurrent_activation
        self.recurrent_activate = activations.get(recurrent_activation)
        self.W = glorot_uniform((input_dim, 4 * hidden_dim), dtype)
        self.U = glorot_uniform((hidden_dim, 4 * hidden_dim), dtype)
        self.b = np.zeros(4 * hidden_dim, dtype) if use_bias else None

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "LSTMCell":
        """Build from Keras's config of an LSTMCell, or from an LSTM's, which has the same keys."""
        units, use_bias = options.integer("units"), options.flag("use_bias", True)
        options.inert("unit_forget_bias")  # how the bias is first drawn
        W = weights.take("kernel", (input_shape[-1], 4 * units))
        U = weights.take("recurrent_kernel", (units, 4 * units))
        cell = cls(
            len(W),
            units,
            activation=options.activation("activation", "tanh"),
            recurrent_activation=options.activation("recurrent_activation", "sigmoid"),
            use_bias=use_bias,
        )
        cell.inference_only = cls.take_dropout(options)
        cell.set_weights(W, U, weights.take("bias", (4 * units,)) if use_bias else None)
        return cell

    def set_weights(self, W: Any, U: Any, b: Any = None) -> None:
        """Set kernel, recurrent kernel and bias.

        Raises:
            WeightError: another shape; a bias too many or too few.
        """
        self.W, self.U, self.b = self.as_weights(W=(W, self.W), U=(U, self.U), b=(b, self.b))

    def project(self, x: Array) -> Array:
        """x · W + b for any number of steps: (..., input_dim) -> (..., 4 · hidden_dim)."""
        z = x @ np.asarray(self.W, x.dtype)
        return z if self.b is None else z + np.asarray(self.b, x.dtype)

    def step(self, z: Array, states: States) -> States:
        """(h_t, c_t) from z = project(x_t) and (h_prev, c_prev)."""
        h, c = states
        i, f, g, o = np.split(z + h @ np.asarray(self.U, z.dtype), 4, axis=-1)
        c = self.recurrent_activate(f) * c + self.recurrent_activate(i) * self.activate(g)
        return self.recurrent_activate(o) * self.activate(c), c


@register("LSTM")
class LSTM(Recurrent):
    """A long short-term memory layer.

    Source: https://keras.io/api/layers/recurrent_layers/lstm/

    Args:
        input_dim: features of one step.
        hidden_dim: Keras's `units`.
        activation: of candidate and output.
        recurrent_activation: of the gates.
        use_bias: whether b is added.
        return_sequences, return_state: what `forward` returns, as in Keras. With neither given it returns
            (sequence, h_T, c_T).
        loop: go_backwards, zero_output_for_mask, stateful, unroll, as in Keras; and name.

    Attributes:
        D, H: input_dim and hidden_dim.
        W, U, b: kernel (D, 4H), recurrent kernel (H, 4H), bias (4H,); gates i, f, c, o.
    """

    cell_type = LSTMCell

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        *,
        activation: str | activations.Activation | None = "tanh",
        recurrent_activation: str | activations.Activation | None = "sigmoid",
        use_bias: bool = True,
        return_sequences: bool | None = None,
        return_state: bool | None = None,
        dtype: DTypeLike = np.float32,
        **loop: Unpack[LoopOptions],
    ) -> None:
        cell = LSTMCell(
            input_dim,
            hidden_dim,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            dtype=dtype,
        )
        if return_sequences is None and return_state is None:
            return_sequences = return_state = True
        super().__init__(
            cell, return_sequences=bool(return_sequences), return_state=bool(return_state), dtype=dtype, **loop
        )

    D = property(lambda self: self.cell.input_dim, doc="Features of one step.")
    H = property(lambda self: self.cell.units, doc="Size of the hidden and the cell state.")
    W = property(lambda self: self.cell.W, doc="The kernel (D, 4H).")
    U = property(lambda self: self.cell.U, doc="The recurrent kernel (H, 4H).")
    b = property(lambda self: self.cell.b, doc="The bias (4H,), or None.")

    def set_weights(self, W: Any, U: Any, b: Any = None) -> None:
        """Set kernel (D, 4H), recurrent kernel (H, 4H) and bias (4H,).

        Raises:
            WeightError: another shape; a bias too many or too few.
        """
        self.cell.set_weights(W, U, b)

    @staticmethod
    def sigmoid(x: Any) -> Array:
        """1 / (1 + exp(-x)), without overflow."""
        return activations.sigmoid(np.asarray(x))

    def forward(
        self,
        x_seq: Any,
        h0: Any = None,
        c0: Any = None,
        *,
        initial_state: Sequence[Any] | None = None,
        mask: Any = None,
    ) -> Any:
        """Run one sequence (time, D) or a batch of them (batch, time, D).

        Args:
            x_seq: the sequence or sequences.
            h0, c0: first states (H,), or (batch, H); None means zeros.
            initial_state: the same two as Keras passes them.
            mask: (time,) or (batch, time), False where a step is skipped.

        Returns:
            (sequence (time, H), h_T (H,), c_T (H,)), each with a batch axis in front if x_seq has one;
            or what `return_sequences` and `return_state` ask for, where either was given.

        Raises:
            InputError: another rank, feature size, mask or state shape, or no elements.
        """
        x = self.as_numbers(x_seq, min_ndim=2, last=self.D)
        if h0 is not None or c0 is not None:
            zeros = np.zeros((*x.shape[:-2], self.H), x.dtype)
            initial_state = [zeros if state is None else np.asarray(state) for state in (h0, c0)]
        if x.ndim != 2:
            return super().forward(x, initial_state=initial_state, mask=mask)
        states = None if initial_state is None else [np.asarray(state)[None] for state in initial_state]
        mask = None if mask is None else np.asarray(mask)[None]
        result = super().forward(x[None], initial_state=states, mask=mask)
        return tuple(array[0] for array in result) if isinstance(result, tuple) else result[0]
