"""A conclusion holds only where the seeds leave no doubt."""

import pytest

from training_jobs.claims import CLAIMS, Claim, Comparison, judge
from training_jobs.experiments import ROWS

BETTER = Claim("x", "a is better than b", (Comparison("a", "better", "b"),))
NO_BETTER = Claim("x", "a is no better than b", (Comparison("a", "no better", "b"),))
HIGH, LOW, ACROSS = (0.7, 0.8, 0.75), (0.5, 0.6, 0.69), (0.6, 0.7, 0.9)


def test_every_claim_is_about_rows_of_its_experiment():
    assert [claim.experiment for claim in CLAIMS] == list(dict.fromkeys(row.experiment for row in ROWS))
    for claim in CLAIMS:
        labels = {row.label for row in ROWS if row.experiment == claim.experiment}
        assert {label for pair in claim.comparisons for label in (pair.first, pair.second)} <= labels


@pytest.mark.parametrize(
    ("claim", "first", "second", "verdict"),
    [
        (BETTER, HIGH, LOW, "holds"),
        (BETTER, LOW, HIGH, "does not hold"),
        (BETTER, ACROSS, LOW, "not decided"),
        (BETTER, HIGH, HIGH, "not decided"),
        (BETTER, HIGH[:2], LOW, "too few seeds"),
        (BETTER, HIGH, (), "too few seeds"),
        (NO_BETTER, HIGH, LOW, "does not hold"),
        (NO_BETTER, LOW, HIGH, "holds"),
        (NO_BETTER, ACROSS, LOW, "holds"),
    ],
)
def test_verdicts(claim, first, second, verdict):
    assert judge(claim, {"a": first, "b": second}) == verdict


def test_one_contradiction_is_enough():
    claim = Claim("x", "", (Comparison("a", "better", "b"), Comparison("c", "better", "a")))
    assert judge(claim, {"a": HIGH, "b": LOW, "c": LOW}) == "does not hold"
    assert judge(claim, {"a": HIGH, "b": ACROSS, "c": (0.9, 0.95, 0.99)}) == "not decided"


def test_a_missing_row_is_too_few_seeds():
    assert judge(BETTER, {"a": HIGH}) == "too few seeds"
