"""What the files of the attention layers without projections share: drawn inputs, branches and refusals."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from scratchnn.models.graph import Model

from .entry import MASKS, Branch, Refusal, Run, bad_input
from .geometry import sizes


@st.composite
def inputs(draw: st.DrawFn) -> Any:
    """Shapes of query and value, or of query, value and key, and how the layer is called."""
    batch, steps, keys, features = (draw(sizes(n)) for n in (3, 5, 5, 4))
    shapes = [(batch, steps, features), (batch, keys, features)]
    if draw(st.booleans()):
        shapes[1:] = [(batch, keys, draw(sizes(4))), (batch, keys, features)]
    flags = ("use_causal_mask", "return_attention_scores")
    call: dict[str, Any] = {"arguments": {flag: True for flag in flags if draw(st.booleans())}}
    if draw(st.booleans()):
        call["mask"] = [draw(st.sampled_from(MASKS)) for _ in shapes]
    return shapes, call


def branches() -> dict[str, Branch]:
    """What the examples must reach, and how often."""
    return {
        "mask of the query": (lambda run: (run.case.mask() or [None])[0] is not None, 0.1),
        "mask of the values": (lambda run: (run.case.mask() or [None, None])[1] is not None, 0.1),
        "causal": (lambda run: "use_causal_mask" in run.case.arguments(), 0.2),
        "scores": (lambda run: "return_attention_scores" in run.case.arguments(), 0.2),
        "keys of their own": (lambda run: len(run.case.shape) == 3, 0.2),
        "shares neither 0 nor 1": (lambda run: ((_shares(run) > 0.01) & (_shares(run) < 0.99)).any(), 0.3),
    }


def refused_inputs(error: type[Exception]) -> list[Refusal]:
    """Input that the layer of an entry with [(2, 3, 4), (2, 5, 4)] refuses."""
    query, value = np.ones((2, 3, 4), np.float32), np.ones((2, 5, 4), np.float32)
    return [
        bad_input("one array", "list of query and value", query, error),
        bad_input("one input", "2 or 3 inputs", [query], error),
        bad_input("images", "rank 3", [query[None], value[None]], error),
        bad_input("features that differ", "of the query", [query, value, np.ones((2, 5, 3), np.float32)], error),
        bad_input("batches that differ", "as many samples", [query, value[:1]], error),
        bad_input("fewer keys", "as many keys as values", [query, value, value[:, :2]], error),
        bad_input("a mask too long", "does not fit", [query, value], error, mask=[None, np.ones((2, 6), bool)]),
    ]


def _shares(run: Run) -> Any:
    """The softmaxed scores."""
    arguments = {**run.case.arguments(), "return_attention_scores": True}
    with np.errstate(all="ignore"):
        return Model.call(run.scratch, (run.case.inputs(),), arguments, run.case.mask())[0][1]
