"""The steps of the recurrent cells, gate by gate: weights packed once, a step of a few NumPy calls.

A step is a list of these calls, each with its arrays in place: what is left to do at run time is to go through the
list. In a small batch a call takes half a microsecond whatever it does, so nothing may come on top: a result
goes to an argument by position (by keyword it takes 0.1 µs more), and no array is indexed on the way.

All arrays of a step are (direction, batch, units), with the gates as the first axis where there are several. The
sigmoid is 1 / (1 + exp(-z)): the minus sign is put into the weights, and the division is one with the product that
follows, so that a gate costs exp, an addition and its share of a division, and is as accurate as that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import activations
from ..layers.base import Array
from ..layers.embedding import Embedding
from ..layers.gru import GRUCell
from ..layers.lstm import LSTMCell
from ..layers.recurrent import Recurrent
from ..layers.simple_rnn import RNNCell
from .pointwise import activation_in_place, full
from .steps import FLOAT32

Call = Callable[[], object]

# The calls of a step, from the share of the input in the gates, the output before the step and the one after it.
MakeStep = Callable[[Array, Array, Array], list[Call]]


@dataclass(frozen=True)
class PackedCell:
    """The weights of the cells of all directions, gate by gate.

    Attributes:
        kernel: (gates, directions, features, units).
        bias: (gates, directions, units), or None.
        bind: prepares steps for a state (directions, batch, units), and gives the states beside the output.
    """

    kernel: Array
    bias: Array | None
    bind: Callable[[tuple[int, ...]], tuple[MakeStep, list[Array]]]

    @property
    def features(self) -> int:
        """Size of the last axis of the input."""
        return int(self.kernel.shape[2])

    def table_bytes(self, embedding: Embedding) -> int:
        """Bytes of the table for that Embedding."""
        return self.kernel.nbytes // self.features * len(embedding.W)

    def table(self, embeddings: Array) -> Array:
        """The share of each token in the gates: (gates, directions, vocabulary, units)."""
        table: Array = np.matmul(np.asarray(embeddings, FLOAT32), self.kernel)
        if self.bias is not None:
            table += self.bias[:, :, None]
        return table


def pack(arrays: Sequence[Any], gates: int, order: Sequence[int], signs: Sequence[int]) -> Array:
    """The gates of one weight of each direction, taken apart.

    Args:
        arrays: (..., gates · units) for each direction.
        gates: how many there are.
        order: which gate comes where.
        signs: what each is multiplied with, in the new order.

    Returns:
        (gates, directions, ..., units), float32.
    """
    parts = [np.split(np.asarray(array, FLOAT32), gates, axis=-1) for array in arrays]
    return np.stack(
        [np.stack([sign * part[gate] for part in parts]) for gate, sign in zip(order, signs, strict=True)]
    ).astype(FLOAT32)


def pack_lstm(layers: Sequence[Recurrent]) -> PackedCell | None:
    """LSTM with tanh and sigmoid.

    With e = exp(-z) for the three gates, a step is c = c / (1 + e_f) + g / (1 + e_i), h = tanh(c) / (1 + e_o).
    The buffer holds o, i, f, g, c in this order: (g, c) / (1 + e_i, 1 + e_f) is then one division.
    """
    cells = [layer.cell for layer in layers]
    if any(cell.activate is not activations.tanh for cell in cells):
        return None
    if any(cell.recurrent_activate is not activations.sigmoid for cell in cells):
        return None
    order, signs = (3, 0, 1, 2), (-1, -1, -1, 1)  # Keras has i, f, g, o
    kernel, recurrent = (pack([getattr(cell, name) for cell in cells], 4, order, signs) for name in "WU")
    bias = _biases([cell.b for cell in cells], 4, order, signs)

    def bind(state: tuple[int, ...]) -> tuple[MakeStep, list[Array]]:
        buffer = np.zeros((5, *state), FLOAT32)
        gates, sigmoids, candidate, carry = buffer[:4], buffer[:3], buffer[3], buffer[4]
        output, divisors, dividends = buffer[0], buffer[1:3], buffer[3:5]
        ones, parts = full(sigmoids.shape, 1), np.empty((2, *state), FLOAT32)
        ignored, kept = parts

        multiply = recurrent_product(recurrent, state)
        inner: list[Call] = [
            partial(np.exp, sigmoids, sigmoids),
            partial(np.add, sigmoids, ones, sigmoids),
            partial(np.tanh, candidate, candidate),
            partial(np.divide, dividends, divisors, parts),
            partial(np.add, ignored, kept, carry),
        ]

        def step(projected: Array, before: Array, after: Array) -> list[Call]:
            return [
                *multiply(before, gates),
                partial(np.add, gates, projected, gates),
                *inner,
                partial(np.tanh, carry, after),
                partial(np.divide, after, output, after),
            ]

        return step, [carry]

    return PackedCell(kernel, bias, bind)


def pack_gru(layers: Sequence[Recurrent]) -> PackedCell | None:
    """GRU with tanh and sigmoid, whose reset gate comes after the product.

    h = z · h_prev + (1 - z) · g is computed as g + (h_prev - g) · z, with z = 1 / (1 + e_z).
    """
    cells = [layer.cell for layer in layers]
    if any(cell.activate is not activations.tanh or not cell.reset_after for cell in cells):
        return None
    if any(cell.recurrent_activate is not activations.sigmoid for cell in cells):
        return None
    order, signs = (0, 1, 2), (-1, -1, 1)  # z, r, g
    kernel, recurrent = (pack([getattr(cell, name) for cell in cells], 3, order, signs) for name in "WU")
    outer = _biases([None if cell.b is None else cell.b[0] for cell in cells], 3, order, signs)
    inner = _biases([None if cell.b is None else cell.b[1] for cell in cells], 3, order, signs)

    def bind(state: tuple[int, ...]) -> tuple[MakeStep, list[Array]]:
        gates, ones = np.zeros((3, *state), FLOAT32), full((2, *state), 1)
        inner_bias = None if inner is None else full((3, *state), inner[:, :, None])
        sigmoids, (update, reset, candidate) = gates[:2], gates

        multiply = recurrent_product(recurrent, state)
        add_bias: list[Call] = [] if inner_bias is None else [partial(np.add, gates, inner_bias, gates)]

        def step(projected: Array, before: Array, after: Array) -> list[Call]:
            return [
                *multiply(before, gates),
                *add_bias,
                partial(np.add, sigmoids, projected[:2], sigmoids),
                partial(np.exp, sigmoids, sigmoids),
                partial(np.add, sigmoids, ones, sigmoids),
                partial(np.divide, candidate, reset, candidate),
                partial(np.add, candidate, projected[2], candidate),
                partial(np.tanh, candidate, candidate),
                partial(np.subtract, before, candidate, after),
                partial(np.divide, after, update, after),
                partial(np.add, after, candidate, after),
            ]

        return step, []

    return PackedCell(kernel, outer, bind)


def pack_simple_rnn(layers: Sequence[Recurrent]) -> PackedCell | None:
    """SimpleRNN with any activation, the same in both directions."""
    cells = [layer.cell for layer in layers]
    activate = cells[0].activate
    if any(cell.activate is not activate for cell in cells):
        return None
    kernel, recurrent = (pack([getattr(cell, name) for cell in cells], 1, (0,), (1,)) for name in ("Wx", "Wh"))
    bias = _biases([cell.b for cell in cells], 1, (0,), (1,))

    def bind(state: tuple[int, ...]) -> tuple[MakeStep, list[Array]]:
        activation, multiply = activation_in_place(activate, state), recurrent_product(recurrent, state)

        def step(projected: Array, before: Array, after: Array) -> list[Call]:
            finish: list[Call] = [] if activation is None else [partial(activation, after)]
            return [*multiply(before, after[None]), partial(np.add, after, projected[0], after), *finish]

        return step, []

    return PackedCell(kernel, bias, bind)


def recurrent_product(recurrent: Array, state: tuple[int, ...]) -> Callable[[Array, Array], list[Call]]:
    """The calls that write before · recurrent to an array (gates, directions, batch, units).

    For one sample the product is a vector times a matrix, and `ndarray.dot` has half the overhead of `np.matmul`:
    the gates then lie side by side in one matrix. With several directions that makes several calls whose results
    lie apart, and pays only where there is a single gate.

    Args:
        recurrent: (gates, directions, units, units).
        state: (directions, batch, units).
    """
    gates, directions, units, _ = recurrent.shape
    if state[1] > 1 or (gates > 1 and directions > 1):
        return lambda before, out: [partial(np.matmul, before, recurrent, out)]
    beside = recurrent.transpose(1, 2, 0, 3).reshape(directions, units, -1)

    def one_sample(before: Array, out: Array) -> list[Call]:
        return [
            partial(before[place, 0].dot, matrix, out[:, place].reshape(-1)) for place, matrix in enumerate(beside)
        ]

    return one_sample


def _biases(
    arrays: Sequence[Array | None], gates: int, order: Sequence[int], signs: Sequence[int]
) -> Array | None:
    """The biases, packed; zeros for a direction that has none where the other has one."""
    given = [array for array in arrays if array is not None]
    if not given:
        return None
    return pack([np.zeros_like(given[0]) if array is None else array for array in arrays], gates, order, signs)


CELLS: dict[type, Callable[[Sequence[Recurrent]], PackedCell | None]] = {
    LSTMCell: pack_lstm,
    GRUCell: pack_gru,
    RNNCell: pack_simple_rnn,
}
