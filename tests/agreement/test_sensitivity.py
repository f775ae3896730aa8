"""The tolerance of a whole model's output: what it is measured on, and that the pieces do not matter."""

from unittest import mock

import numpy as np
import pytest

from scratchnn import Model
from scratchnn.agreement import sensitivity
from scratchnn.spec import LayerSpec, ModelSpec, NodeSpec, TensorRef, Weight

RANDOM = np.random.default_rng(5)
KERNEL = RANDOM.normal(size=(4, 3)).astype(np.float32)
X, Y = (RANDOM.normal(size=(7, 4)).astype(np.float32) for _ in range(2))


def two_inputs():
    """(x + y) · kernel."""
    inputs = [LayerSpec("InputLayer", name, {"batch_shape": [None, 4], "dtype": "float32"}) for name in "xy"]
    add = LayerSpec("Add", "add", {})
    dense = LayerSpec("Dense", "dense", {"units": 3, "use_bias": False}, (Weight("kernel", KERNEL),))
    refs = (TensorRef("x"), TensorRef("y"))
    nodes = (NodeSpec("add", 0, (list(refs),)), NodeSpec("dense", 0, (TensorRef("add"),)))
    return Model(ModelSpec("sum", "Functional", (*inputs, add, dense), nodes, refs, (TensorRef("dense"),)))


@pytest.mark.parametrize("piece", [1, 3, 7, 100])
def test_the_exact_outputs_are_those_of_all_samples_in_float64(piece):
    with mock.patch.object(sensitivity, "PIECE", piece):
        (exact,), (tolerance,) = sensitivity.output_tolerance(two_inputs(), [X, Y])
    wanted = (X.astype(np.float64) + Y) @ KERNEL.astype(np.float64)
    assert exact.dtype == np.float64
    np.testing.assert_allclose(exact, wanted, rtol=1e-15, atol=1e-15)
    # Each of four terms moves by 64 units of 2^-24; signs drawn at random leave a good part of their sum.
    largest = np.max(np.abs(X.astype(np.float64) + Y) @ np.abs(KERNEL)) * 64 * 2.0**-24
    assert tolerance.size.shape == (1, 3)
    assert np.all(largest / 10 < tolerance.size)
    assert np.all(tolerance.size <= 3.001 * largest)  # the inputs of both layers move too


def test_float32_inputs_are_widened_a_piece_at_a_time():
    sizes = []

    def watch(inputs):
        sizes.append(len(inputs))
        return inputs.astype(np.float64)

    with mock.patch.object(sensitivity, "PIECE", 3), mock.patch.object(sensitivity, "widen", watch):
        sensitivity._exact_outputs(mock.Mock(predict=lambda x: x, mixes_samples=False), X)
    assert sizes == [3, 3, 1]


@pytest.mark.parametrize("sizes", [{"PIECE": 2}, {"SAMPLES": 2}])
def test_a_model_in_which_samples_meet_is_judged_on_all_of_them(sizes):
    """The output less its mean over the batch: of fewer samples the mean is another, by far more than rounding."""
    inputs = LayerSpec("InputLayer", "x", {"batch_shape": [None, 4], "dtype": "float32"})
    mean = LayerSpec("ops.Mean", "mean", {"axis": 0, "keepdims": True})
    layers = (inputs, mean, LayerSpec("ops.Subtract", "less", {}))
    x = TensorRef("x")
    nodes = (NodeSpec("mean", 0, (x,)), NodeSpec("less", 0, (x, TensorRef("mean"))))
    model = Model(ModelSpec("centred", "Functional", layers, nodes, (x,), (TensorRef("less"),)))
    with mock.patch.multiple(sensitivity, **sizes):
        (exact,), (tolerance,) = sensitivity.output_tolerance(model, X)
    np.testing.assert_allclose(exact, X - X.astype(np.float64).mean(axis=0), rtol=1e-12, atol=1e-12)
    assert (
        np.max(tolerance.size) < 6 * np.abs(X).max() * 64 * 2.0**-24
    )  # each number moves by 64 units of its size, in three places
