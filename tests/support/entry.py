"""The case table: one `Entry` a Keras layer, each written in the test file of its layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import InputError, WeightError

from .case import Case
from .filling import REGIMES

ENTRIES: dict[str, "Entry"] = {}
MASKS = (None, "random", "end", "start", "full", "nothing")


@dataclass(frozen=True)
class Run:
    """One example after it ran: what a branch of the strength report may look at."""

    case: Case
    scratch: Any
    output: Any


Branch = tuple[Callable[[Run], Any], float]


@dataclass(frozen=True)
class Refusal:
    """A row of an error table: what is wrong, and the error that says so."""

    what: str
    error: type[Exception]
    match: str
    config: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    input: Any = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    weights: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None = None


def bad_config(match: str, error: type[Exception], remove: Sequence[str] = (), **config: Any) -> Refusal:
    """Keras's config with these values (or without those keys) is refused with that message."""
    what = " ".join([*(f"without {key}" for key in remove), *(f"{k}={v!r}"[:60] for k, v in config.items())])
    return Refusal(what, error, match, config=config, remove=tuple(remove))


def bad_input(what: str, match: str, x: Any, error: type[Exception] = InputError, **kwargs: Any) -> Refusal:
    """This input to the layer of `Entry.example` is refused with that message."""
    return Refusal(what, error, match, input=x, kwargs=kwargs)


def bad_weights(
    what: str,
    match: str,
    change: Callable[[tuple[Any, ...]], tuple[Any, ...]],
    error: type[Exception] = WeightError,
) -> Refusal:
    """These changed weights (a tuple of `spec.Weight`) are refused with that message."""
    return Refusal(what, error, match, weights=change)


@dataclass(frozen=True)
class Entry:
    """How one Keras layer is tested.

    Attributes:
        layer: the Keras class, as it is registered.
        geometry: draws (shape, options) or (shape, options, call) together; see `Case` for what they hold.
        example: a small typical case: the error table and the files start from it.
        regimes: what the numbers may look like.
        exact: whether integers must come out equal to the last bit; a function of the case where it depends.
        masks: whether the layer's call takes a mask (batch, time).
        sequences: whether the layer returns the outputs of all steps or the last, by `return_sequences`.
        branches: for the strength report: name -> (whether it fired in a run, least share of the examples).
        refusals: the error table of the layer, beside the generic one.
        inert: options that cannot matter at inference, so that any value is accepted.
        any_rank: whether the layer takes input of any rank and size.
        in_file: whether a model of this layer alone can be saved (False: say why beside it).
        shape_of_keras: whether Keras tells the true shape of its output (False: say why beside it).
        float64: whether Keras on TensorFlow computes the layer in float64 on the CPU (False: say why beside it).
        cost: how many times dearer an example is than one of Dense; it lowers the number of examples.
    """

    layer: str
    geometry: st.SearchStrategy[tuple[Any, ...]]
    example: Case
    regimes: Sequence[str] = REGIMES
    exact: bool | Callable[[Case], bool] = False
    masks: bool = False
    sequences: bool = False
    branches: Mapping[str, Branch] = field(default_factory=dict)
    refusals: Sequence[Refusal] = ()
    inert: Sequence[str] = ()
    any_rank: bool = False
    in_file: bool = True
    shape_of_keras: Callable[[Case], bool] = lambda case: True
    float64: bool = True
    cost: float = 1.0

    def __post_init__(self) -> None:
        ENTRIES[self.layer] = self

    def cases(self) -> st.SearchStrategy[Case]:
        """All cases of the layer."""
        return _cases(self)

    def is_exact(self, case: Case) -> bool:
        """Whether both sides must be equal to the last bit: every sum of small integers is exact."""
        exact = self.exact(case) if callable(self.exact) else self.exact
        return case.regime == "integer" and exact


@st.composite
def _cases(draw: st.DrawFn, entry: Entry) -> Case:
    shape, options, *more = draw(entry.geometry)
    call = dict(more[0]) if more else {}
    if entry.masks:
        kind = draw(st.sampled_from(MASKS))
        call |= {} if kind is None else {"mask": kind}
    regime = draw(st.sampled_from(list(entry.regimes)))
    return Case(entry.layer, shape, options, regime, draw(st.integers(0, 10**6)), call)


def generic_refusals(entry: Entry) -> list[Refusal]:
    """What every layer must refuse."""
    x = entry.example.inputs()
    first = x[0] if isinstance(x, list) else x

    def every(change: Callable[[np.ndarray], Any]) -> Any:
        return [change(array) for array in x] if isinstance(x, list) else change(x)

    rows = [
        Refusal("an unknown option", Exception, "made_up_option", config={"made_up_option": 1}),
        Refusal("a weight too many", WeightError, "left_over", weights=_one_more),
        Refusal("an empty batch", InputError, "empty|no texts|expected shape", input=every(lambda a: a[:0])),
    ]
    if first.dtype.kind != "O":
        strings, numbers = (lambda a: a.astype(str)), (lambda a: a.astype(np.complex64))
        rows += [
            Refusal("text for numbers", InputError, "dtype", input=every(strings)),
            Refusal("complex numbers", InputError, "dtype", input=every(numbers)),
        ]
    return rows


def _one_more(weights: tuple[Any, ...]) -> tuple[Any, ...]:
    from scratchnn.spec import Weight

    return (*weights, Weight("left_over", np.zeros(3, np.float32)))
