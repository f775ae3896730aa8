"""The comparator's policy for every kind of number. Five known comparison tools cannot see a NaN."""

import numpy as np
import pytest

from scratchnn.agreement.arithmetic import Approx
from scratchnn.agreement.compare import compare, deviation

NAN, INF = np.nan, np.inf
LARGEST = float(np.finfo(np.float32).max)


def approx(value, error=0.0):
    value = np.asarray(value, np.float64)
    return Approx(value, np.broadcast_to(np.asarray(error, np.float64), value.shape))


WITHIN = [
    ("equal", 1.0, 1.0, 0.0),
    ("at the bound", 1.5, 1.0, 0.5),
    ("minus zero", -0.0, 0.0, 0.0),
    ("NaN for NaN", NAN, NAN, 0.0),
    ("inf for inf", INF, INF, 0.0),
    ("-inf for -inf", -INF, -INF, 0.0),
    ("flushed to zero", 0.0, 1e-39, 1e-39),
    ("anything where there is no bound", NAN, 1.0, INF),
    ("overflow where there is no bound", INF, 3e38, INF),
]
OUTSIDE = [
    ("NaN for a number", NAN, 1.0, 1e30),
    ("a number for NaN", 1.0, NAN, 1e30),
    ("inf for a number", INF, LARGEST, 1e30),
    ("-inf for inf", -INF, INF, 1.0),
    ("a number for inf", LARGEST, INF, 1e30),
    ("the lowest number for -inf", -LARGEST, -INF, 0.0),
    ("NaN for inf", NAN, INF, 0.0),
    ("inf for NaN", INF, NAN, 0.0),
    ("just over the bound", 1.5 + 1e-7, 1.0, 0.5),
    ("anything else where only equality will do", np.nextafter(1, 2), 1.0, 0.0),
    ("a bound that is NaN", 1.0, 1.0, NAN),
    ("a bound that is NaN, and the number too", NAN, 1.0, NAN),
    ("a negative bound", 1.0 + 1e-9, 1.0, -1.0),
    ("a small number for zero", 1e-45, 0.0, 0.0),
]


@pytest.mark.parametrize(("observed", "expected", "bound"), [c[1:] for c in WITHIN], ids=[c[0] for c in WITHIN])
def test_is_within(observed, expected, bound):
    result = deviation(np.array([7.0, observed]), approx([7.0, expected], [1.0, bound]))
    assert result.within, result


@pytest.mark.parametrize(("observed", "expected", "bound"), [c[1:] for c in OUTSIDE], ids=[c[0] for c in OUTSIDE])
def test_is_outside(observed, expected, bound):
    result = deviation(np.array([7.0, observed, 7.0]), approx([7.0, expected, 7.0], [1.0, bound, 1.0]))
    assert not result.within
    assert result.where == (1,)
    assert result.ratio > 1


def test_the_worst_element_is_reported():
    observed, expected = np.zeros((2, 3)), np.zeros((2, 3))
    observed[0, 2], observed[1, 0] = 0.25, -0.375
    result = deviation(observed, approx(expected, 0.5))
    assert (result.where, result.ratio, result.got, result.expected) == ((1, 0), 0.75, -0.375, 0.0)


def test_a_nan_is_worse_than_any_number():
    result = deviation(np.array([1e30, NAN]), approx([0.0, 0.0], 1e-9))
    assert not result.within
    assert np.isinf(result.ratio)


def test_elements_without_a_bound_are_counted():
    assert deviation(np.array([1.0, 2.0, 3.0]), approx([1.0, 9.0, 9.0], [1.0, INF, INF])).unconstrained == 2


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2)])
def test_nothing_to_compare_is_no_agreement(shape):
    assert not deviation(np.zeros(shape), approx(np.zeros(shape))).within


@pytest.mark.parametrize(("observed", "expected"), [((3,), (1, 3)), ((3, 1), (3,)), ((), (1,)), ((2, 3), (3, 2))])
def test_shapes_are_not_broadcast(observed, expected):
    result = deviation(np.zeros(observed), approx(np.zeros(expected), 1.0))
    assert not result.within
    assert "shape" in result.reason


def test_the_factor_widens_the_bound():
    observed, exact = np.array([1.0]), approx([0.0], 0.6)
    assert not deviation(observed, exact).within
    assert deviation(observed, exact, factor=2).within


def test_number_of_outputs():
    one = np.ones(2), approx(np.ones(2))
    assert compare([one[0]], [one[1]]).within
    assert not compare([one[0]] * 2, [one[1]]).within
    assert not compare([one[0]], [one[1]] * 2).within
    assert not compare([], []).within


def test_the_worst_output_is_named():
    good, bad = approx(np.zeros(2), 1.0), approx(np.full(2, NAN))
    assert compare([np.zeros(2), np.zeros(2)], [good, bad]).output == 1
    assert compare([np.zeros(2), np.zeros(2)], [bad, good]).output == 0
