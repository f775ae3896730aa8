"""The rules in the order in which they are tried; the first that takes a chain's start wins."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .chain import Link
from .convolution import fuse_convolution
from .dense import fuse_dense
from .passing import fuse_passing
from .recurrent import fuse_recurrent
from .recurrent_stack import fuse_recurrent_stack
from .steps import FLOAT32, FusedStep

if TYPE_CHECKING:
    from ..models.graph import Model

# A rule gets the model, the number of the step and a chain; it takes some of its links from the start, or none.
Rule = Callable[["Model", int, Sequence[Link]], FusedStep | None]

RULES: tuple[Rule, ...] = (fuse_convolution, fuse_recurrent_stack, fuse_recurrent, fuse_dense, fuse_passing)


def fuse(model: "Model", number: int, links: Sequence[Link]) -> FusedStep | None:
    """The fused step that a chain starts with, or None where the first layer has to run plain."""
    float32 = [link for link in links if link.layer.dtype == FLOAT32]
    if float32 != list(links):  # other dtypes run plain, and end the chain
        links = links[: next(place for place, link in enumerate(links) if link.layer.dtype != FLOAT32)]
    if not links:
        return None
    return next((step for step in (rule(model, number, links) for rule in RULES) if step is not None), None)
