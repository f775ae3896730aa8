"""Rules for layers that move numbers or choose among them: nothing is rounded."""

import numpy as np

from ..arithmetic import Approx
from .base import Call, rule


@rule("exact")
def exact(call: Call) -> list[Approx]:
    """Reshapes, transpositions, padding, look-ups: every bit as it was."""
    return [Approx(value, np.zeros(np.shape(value))) for value in call.run()]


@rule("maximum", sided=True)
def maximum(call: Call) -> list[Approx]:
    """One of several numbers is chosen; one below the normal range may come out as 0.

    Keras on TensorFlow's max pooling drops a NaN where there is a number beside it, and gives the smallest finite
    number for a window of -inf: both are left to it (`docs/findings.md`).
    """
    approx = [call.arithmetic.exact(value) for value in call.run()]
    if call.own_result:
        return approx
    return [Approx(a.value, np.where(np.isnan(a.value) | (a.value == -np.inf), np.inf, a.error)) for a in approx]
