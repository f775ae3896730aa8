"""How far the rounding errors of single steps can move the later states of a recurrent layer.

Where no sequence shows the states, the errors of all steps have to be carried on. Interval arithmetic takes the
worst case at each step and explodes. The states are a smooth function of the errors, though, and these are tiny:
to first order, the error e_s of step s moves the states after step t by J_t · … · J_{s+1} · e_s, with the
Jacobians J of the exact steps. The bound is the sum over s of |J_t · … · J_{s+1}| · e_s, where signs cancel inside
the product as they do in the network. Twice that is allowed, for the curvature. Where the sum is not small, at any
step so far, first order says nothing, and the interval's bound stays.
"""

from typing import Any

import numpy as np

from .arithmetic import Array

SMALL = (
    1e-3  # of max(1, |state|), divided by the largest weight: twice the first order then has room for the second
)
STEP = 2.0**-17  # of the central differences: their own error is 1e-10 relative, that of rounding 1e-11
KEPT = 16  # errors that are followed apart, in units of the number of states; the smallest are put together


def jacobian(cell: Any, z: Array, states: list[Array]) -> Array:
    """d(states after)/d(states before) of one exact step, by central differences.

    Args:
        cell: the cell in float64.
        z: `project` of the input, (batch, gates · units).
        states: the states before, each (batch, size).

    Returns:
        (batch, sizes after, sizes before), the states side by side.
    """
    cuts = np.cumsum([state.shape[-1] for state in states])[:-1]
    joined = np.concatenate(states, axis=-1)  # (batch, size)
    batch, size = joined.shape
    steps = STEP * np.maximum(1, np.abs(joined))
    moves = steps[:, None, :] * np.eye(size)  # (batch, moved, size)
    wide = np.repeat(z[:, None], size, axis=1).reshape(batch * size, -1)
    ends = []
    for sign in (1, -1):
        moved = (joined[:, None, :] + sign * moves).reshape(batch * size, size)
        after = np.concatenate(cell.step(wide, tuple(np.split(moved, cuts, axis=-1))), axis=-1)
        ends.append(after.reshape(batch, size, -1))
    slopes = (ends[0] - ends[1]) / (2 * steps[:, :, None])  # (batch, before, after)
    return np.moveaxis(slopes, 1, 2)


class Spread:
    """The errors of all steps so far, each as the move that it makes in the present states.

    Args:
        cell: the cell in float64.
        batch: number of sequences.
    """

    def __init__(self, cell: Any, batch: int) -> None:
        size = sum(cell.state_sizes)
        largest = max([1.0, *(float(np.abs(weight).max()) for weight in cell.get_weights())])
        self._limit = SMALL / largest
        self._moves = np.zeros((batch, size, 0))
        self._valid = np.ones((batch, 1), bool)

    def advance(self, slopes: Array, error: Array, states: Array) -> Array:
        """The bound on the error of the states after one more step.

        Args:
            slopes: the Jacobian of the step, (batch, size, size).
            error: the error that the step makes by itself, (batch, size).
            states: the exact states after it, (batch, size).

        Returns:
            (batch, size), inf for the sequences where first order says nothing.
        """
        own = error[..., None] * np.eye(error.shape[-1])
        self._moves = _joined_smallest(np.concatenate([slopes @ self._moves, own], axis=-1))
        total = np.abs(self._moves).sum(axis=-1)
        small = total <= self._limit * np.maximum(1, np.abs(states))  # False for NaN
        self._valid &= small.all(axis=-1, keepdims=True)
        return np.where(self._valid, 2 * total, np.inf)


def _joined_smallest(moves: Array) -> Array:
    """At most KEPT · size moves: the smallest ones become one for each state, which holds their sizes' sum."""
    size = moves.shape[1]
    surplus = moves.shape[2] - KEPT * size
    if surplus <= 0:
        return moves
    order = np.argsort(np.abs(moves).sum(axis=1, keepdims=True), axis=-1)
    moves = np.take_along_axis(moves, order, axis=-1)
    small, kept = moves[..., : surplus + size], moves[..., surplus + size :]
    box = np.abs(small).sum(axis=-1)[..., None] * np.eye(size)
    return np.concatenate([box, kept], axis=-1)
