"""What the report concludes from each experiment, and whether our seeds bear it out.

A conclusion is a set of comparisons between two rows of an experiment. With three seeds each, two
rows count as different only where every seed of one lies above every seed of the other: that
happens by chance in 1 of 20 cases. Everything less is within the spread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

MIN_SEEDS = 3

Verdict = Literal["holds", "does not hold", "not decided", "too few seeds"]


@dataclass(frozen=True)
class Comparison:
    """The report says that `first` is better than `second`, or that it is no better."""

    first: str
    relation: Literal["better", "no better"]
    second: str


@dataclass(frozen=True)
class Claim:
    """One experiment's conclusion, in words and as comparisons of its rows' labels."""

    experiment: str
    statement: str
    comparisons: tuple[Comparison, ...]


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "CNN depth",
        "More blocks of convolution and pooling give better results.",
        (Comparison("32-64", "better", "32"), Comparison("32-64-128", "better", "32-64")),
    ),
    Claim(
        "CNN filters",
        "More filters give better results, but hardly so beyond 32-64.",
        (Comparison("32-64", "better", "16-32"), Comparison("64-128", "no better", "32-64")),
    ),
    Claim(
        "CNN kernel",
        "Small kernels are the best, large ones the worst.",
        (Comparison("3x3", "better", "5x5"), Comparison("5x5", "better", "7x7")),
    ),
    Claim("CNN pooling", "Max pooling is better than average pooling.", (Comparison("max", "better", "average"),)),
    Claim(
        "RNN depth",
        "Layers beyond five only make it overfit sooner.",
        (Comparison("6 layers", "no better", "5 layers"), Comparison("7 layers", "no better", "5 layers")),
    ),
    Claim(
        "RNN units",
        "Units beyond 32 bring no improvement.",
        (Comparison("64", "no better", "32"), Comparison("128", "no better", "32")),
    ),
    Claim(
        "RNN direction",
        "Both directions are better than one.",
        (Comparison("both", "better", "one"),),
    ),
    Claim(
        "LSTM depth",
        "One layer is the best; each further layer makes it worse.",
        (Comparison("1 layer", "better", "2 layers"), Comparison("2 layers", "better", "3 layers")),
    ),
    Claim(
        "LSTM units",
        "More units overfit sooner and are no better.",
        (Comparison("64", "no better", "32"), Comparison("128", "no better", "32")),
    ),
    Claim(
        "LSTM direction",
        "Both directions are far better; one direction fails to learn.",
        (Comparison("both", "better", "one"),),
    ),
)


def judge(claim: Claim, scores: Mapping[str, Sequence[float]]) -> Verdict:
    """Return whether a claim holds.

    Args:
        claim: the conclusion.
        scores: one score a seed, by the row's label.

    Returns:
        "holds" where every comparison comes out as claimed; "does not hold" where one comes out
        against it; "not decided" where the seeds overlap in a pair that should differ.
    """
    rows = {label for pair in claim.comparisons for label in (pair.first, pair.second)}
    if any(len(scores.get(label, ())) < MIN_SEEDS for label in rows):
        return "too few seeds"
    outcomes = [_outcome(pair, scores[pair.first], scores[pair.second]) for pair in claim.comparisons]
    if False in outcomes:
        return "does not hold"
    return "not decided" if None in outcomes else "holds"


def _outcome(pair: Comparison, first: Sequence[float], second: Sequence[float]) -> bool | None:
    """Return whether the comparison is borne out, contradicted, or neither (None)."""
    above, below = min(first) > max(second), max(first) < min(second)
    if pair.relation == "no better":
        return not above
    return True if above else False if below else None
