"""GRU."""

from typing import Any, Unpack

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..spec import Shape
from .base import Array, glorot_uniform, register
from .options import Options, Weights
from .recurrent import Cell, LoopOptions, Recurrent, States


@register("GRUCell")
class GRUCell(Cell):
    """One step of a GRU; the gates lie in the order update z, reset r, candidate along the last axis.

    h_t = z · h_prev + (1 - z) · candidate. With `reset_after` the reset gate scales the recurrent product of the
    candidate (and there is a second bias, inside it); without, it scales h_prev before the product.

    Source: https://arxiv.org/abs/1406.1078 (v1 resets after, v3 before) and
    https://keras.io/api/layers/recurrent_layers/gru_cell/

    Args:
        input_dim: features of one step.
        hidden_dim: Keras's `units`.
        activation: of the candidate.
        recurrent_activation: of the gates.
        use_bias: whether b is added.
        reset_after: see above.

    Attributes:
        W: the kernel (input_dim, 3 · hidden_dim).
        U: the recurrent kernel (hidden_dim, 3 · hidden_dim).
        b: the bias (3 · hidden_dim,), with reset_after (2, 3 · hidden_dim): of the input, of the state; or None.
    """

    variables = ("W", "U", "b")
    bound = "gru"
    state_count = 1

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        *,
        activation: str | activations.Activation | None = "tanh",
        recurrent_activation: str | activations.Activation | None = "sigmoid",
        use_bias: bool = True,
        reset_after: bool = True,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.input_dim, self.units, self.reset_after = input_dim, hidden_dim, reset_after
        self.activation, self.activate = activation, activations.get(activation)
        self.recurrent_activation = recurrent_activation
        self.recurrent_activate = activations.get(recurrent_activation)
        self.W = glorot_uniform((input_dim, 3 * hidden_dim), dtype)
        self.U = glorot_uniform((hidden_dim, 3 * hidden_dim), dtype)
        biases = (2, 3 * hidden_dim) if reset_after else (3 * hidden_dim,)
        self.b = np.zeros(biases, dtype) if use_bias else None

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "GRUCell":
        """Build from Keras's config of a GRUCell, or from a GRU's, which has the same keys."""
        units, use_bias = options.integer("units"), options.flag("use_bias", True)
        reset_after = options.flag("reset_after", options.keras_version >= 3)  # Keras 1 had no other, 2 rarely
        W = weights.take("kernel", (input_shape[-1], 3 * units))
        U = weights.take("recurrent_kernel", (units, 3 * units))
        cell = cls(
            len(W),
            units,
            activation=options.activation("activation", "tanh"),
            recurrent_activation=options.activation("recurrent_activation", "sigmoid"),
            use_bias=use_bias,
            reset_after=reset_after,
        )
        cell.inference_only = cls.take_dropout(options)
        biases = (2, 3 * units) if reset_after else (3 * units,)
        cell.set_weights(W, U, weights.take("bias", biases) if use_bias else None)
        return cell

    def set_weights(self, W: Any, U: Any, b: Any = None) -> None:
        """Set kernel, recurrent kernel and bias.

        Raises:
            WeightError: another shape; a bias too many or too few.
        """
        self.W, self.U, self.b = self.as_weights(W=(W, self.W), U=(U, self.U), b=(b, self.b))

    def project(self, x: Array) -> Array:
        """x · W + input bias for any number of steps: (..., input_dim) -> (..., 3 · hidden_dim)."""
        z = x @ np.asarray(self.W, x.dtype)
        if self.b is None:
            return z
        return z + np.asarray(self.b[0] if self.reset_after else self.b, x.dtype)

    def step(self, z: Array, states: States) -> States:
        """(h_t,) from z = project(x_t) and (h_prev,)."""
        (h,) = states
        U, gates = np.asarray(self.U, z.dtype), 2 * self.units
        inner = h @ U if self.reset_after else h @ U[:, :gates]
        if self.reset_after and self.b is not None:
            inner = inner + np.asarray(self.b[1], z.dtype)
        # Each gate by itself: softmax, for one, looks along the whole axis.
        sums = np.split(z[:, :gates] + inner[:, :gates], 2, axis=-1)
        update, reset = (self.recurrent_activate(each) for each in sums)
        recurrent = reset * inner[:, gates:] if self.reset_after else (reset * h) @ U[:, gates:]
        candidate = self.activate(z[:, gates:] + recurrent)
        return (update * h + (1 - update) * candidate,)


@register("GRU")
class GRU(Recurrent):
    """A gated recurrent unit layer.

    Source: https://keras.io/api/layers/recurrent_layers/gru/

    Args:
        input_dim: features of one step.
        hidden_dim: Keras's `units`.
        return_sequences: whether the output of every step is returned, or the last alone.
        activation, recurrent_activation, use_bias, reset_after: of the cell.
        return_state: whether the final states are returned too.
        loop: go_backwards, zero_output_for_mask, stateful, unroll, as in Keras; and name.

    Attributes:
        cell: the GRUCell, with W, U and b.
    """

    cell_type = GRUCell

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        return_sequences: bool = False,
        *,
        activation: str | activations.Activation | None = "tanh",
        recurrent_activation: str | activations.Activation | None = "sigmoid",
        use_bias: bool = True,
        reset_after: bool = True,
        return_state: bool = False,
        dtype: DTypeLike = np.float32,
        **loop: Unpack[LoopOptions],
    ) -> None:
        cell = GRUCell(
            input_dim,
            hidden_dim,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            reset_after=reset_after,
            dtype=dtype,
        )
        super().__init__(cell, return_sequences=return_sequences, return_state=return_state, dtype=dtype, **loop)

    def set_weights(self, W: Any, U: Any, b: Any = None) -> None:
        """Set the cell's kernel, recurrent kernel and bias.

        Raises:
            WeightError: another shape; a bias too many or too few.
        """
        self.cell.set_weights(W, U, b)
