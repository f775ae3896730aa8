"""SimpleRNN: the report's RNNCell and RNN."""

from typing import Any, Unpack

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..spec import Shape
from .base import Array, glorot_uniform, register
from .options import Options, Weights
from .recurrent import Cell, LoopOptions, Recurrent, States


class RNNCell(Cell):
    """h_t = activation(x_t · Wx + h_prev · Wh + b).

    Source: https://keras.io/api/layers/recurrent_layers/simple_rnn_cell/

    Args:
        input_dim: features of x_t.
        hidden_dim: Keras's `units`.
        activation: a Keras activation by name, a function, or None.
        use_bias: whether b is added.

    Attributes:
        Wx: the kernel (input_dim, hidden_dim).
        Wh: the recurrent kernel (hidden_dim, hidden_dim).
        b: the bias (hidden_dim,), or None.
    """

    variables = ("Wx", "Wh", "b")
    bound = "simple_rnn"
    state_count = 1

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        *,
        activation: str | activations.Activation | None = "tanh",
        use_bias: bool = True,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.input_dim = input_dim
        self.hidden_dim = self.units = hidden_dim
        self.activation, self.activate = activation, activations.get(activation)
        self.Wx = glorot_uniform((input_dim, hidden_dim), dtype)
        self.Wh = glorot_uniform((hidden_dim, hidden_dim), dtype)
        self.b = np.zeros(hidden_dim, dtype) if use_bias else None

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "RNNCell":
        """Build from Keras's config of a SimpleRNNCell, or from a SimpleRNN's, which has the same keys."""
        units, use_bias = options.integer("units"), options.flag("use_bias", True)
        Wx = weights.take("kernel", (input_shape[-1], units))
        Wh = weights.take("recurrent_kernel", (units, units))
        cell = cls(len(Wx), units, activation=options.activation("activation", "tanh"), use_bias=use_bias)
        cell.inference_only = cls.take_dropout(options)
        cell.set_weights(Wx, Wh, weights.take("bias", (units,)) if use_bias else None)
        return cell

    def set_weights(self, Wx: Any, Wh: Any, b: Any = None) -> None:
        """Set kernel, recurrent kernel and bias.

        Raises:
            WeightError: another shape; a bias too many or too few.
        """
        self.Wx, self.Wh, self.b = self.as_weights(Wx=(Wx, self.Wx), Wh=(Wh, self.Wh), b=(b, self.b))

    def project(self, x: Array) -> Array:
        """x · Wx + b for any number of steps: (..., input_dim) -> (..., hidden_dim)."""
        z = x @ np.asarray(self.Wx, x.dtype)
        return z if self.b is None else z + np.asarray(self.b, x.dtype)

    def step(self, z: Array, states: States) -> States:
        """(h_t,) from z = project(x_t) and (h_prev,)."""
        (h,) = states
        return (self.activate(z + h @ np.asarray(self.Wh, z.dtype)),)

    def forward(self, x_t: Any, h_prev: Any) -> Array:
        """One step: x_t (batch, input_dim), h_prev (batch, hidden_dim) -> h_t (batch, hidden_dim).

        Raises:
            InputError: another size of the last axis.
        """
        x_t = self.as_numbers(x_t, last=self.input_dim)
        h_prev = self.as_numbers(h_prev, last=self.hidden_dim).astype(x_t.dtype, copy=False)
        return self.step(self.project(x_t), (h_prev,))[0]


@register("SimpleRNNCell")
class SimpleRNNCell(RNNCell):
    """The cell as Keras calls it: x and the list of states -> the output and the new state."""

    def forward(self, x: Any, states: Any) -> Any:
        """(batch, input_dim) and (batch, units) -> (output, state), which are the same array."""
        return Cell.forward(self, x, states)


@register("SimpleRNN")
class RNN(Recurrent):
    """A simple recurrent layer, Keras's SimpleRNN.

    Source: https://keras.io/api/layers/recurrent_layers/simple_rnn/

    Args:
        input_dim: features of one step.
        hidden_dim: Keras's `units`.
        return_sequences: whether the output of every step is returned, or the last alone.
        activation, use_bias: of the cell.
        return_state: whether the final states are returned too.
        loop: go_backwards, zero_output_for_mask, stateful, unroll, as in Keras; and name.

    Attributes:
        cell: the RNNCell, with Wx, Wh and b.
        hidden_dim: size of the state.
    """

    cell_type = RNNCell

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        return_sequences: bool = False,
        *,
        activation: str | activations.Activation | None = "tanh",
        use_bias: bool = True,
        return_state: bool = False,
        dtype: DTypeLike = np.float32,
        **loop: Unpack[LoopOptions],
    ) -> None:
        cell = RNNCell(input_dim, hidden_dim, activation=activation, use_bias=use_bias, dtype=dtype)
        super().__init__(cell, return_sequences=return_sequences, return_state=return_state, dtype=dtype, **loop)

    @property
    def hidden_dim(self) -> int:
        """Size of the state."""
        return int(self.cell.hidden_dim)

    def set_weights(self, Wx: Any, Wh: Any, b: Any = None) -> None:
        """Set the cell's kernel, recurrent kernel and bias.

        Raises:
            WeightError: another shape; a bias too many or too few.
        """
        self.cell.set_weights(Wx, Wh, b)


SimpleRNN = RNN
