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


def dense(units: int, activation: str | None = None) -> LayerSpec:
    kernel = np.random.default_rng(units).normal(size=(4, units)).astype(np.float32)
    config = {"units": units, "use_bias": False, "activation": activation}
    return LayerSpec("Dense", "dense", config, (Weight("kernel", kernel),))


def chain(*layers: LayerSpec, shape: tuple[int | None, ...] = (None, 4), name: str = "chain") -> ModelSpec:
    """Layers one after the other."""
    inputs = LayerSpec("InputLayer", "x", {"batch_shape": list(shape), "dtype": "float32"})
    refs = [TensorRef("x"), *(TensorRef(layer.name) for layer in layers)]
    nodes = tuple(NodeSpec(layer.name, 0, (ref,)) for layer, ref in zip(layers, refs, strict=False))
    return ModelSpec(name, "Functional", (inputs, *layers), nodes, (refs[0],), (refs[-1],))


def sizes_of(spec: ModelSpec, x: np.ndarray) -> np.ndarray:
    _, (tolerance,) = sensitivity.output_tolerance(Model(spec), x)
    return np.broadcast_to(tolerance.size, (1, *tolerance.size.shape[1:]))


@pytest.mark.parametrize("wrapped", ["Functional", "TimeDistributed"])
def test_layers_of_inner_models_round_as_others_do(wrapped):
    inner, small = chain(dense(3, "tanh_shrink")), 1e-3 * X  # the rounding of the activation itself is the most
    plain = sizes_of(inner, small)
    if wrapped == "Functional":
        nested = sizes_of(chain(LayerSpec("Functional", "inner", {}, model=inner)), small)
    else:
        layer = LayerSpec("TimeDistributed", "inner", {}, model=inner)
        nested = sizes_of(chain(layer, shape=(None, 2, 4)), np.stack([small, small], axis=1)).max(axis=1)
    assert np.all((plain / 3 < nested) & (nested < plain * 3))


def test_an_activation_rounds_by_its_own_bound():
    """x - tanh(x) of small numbers: what is left is a fraction of their rounding, which no relative move shows."""
    small = 1e-3 * X
    _, (tolerance,) = sensitivity.output_tolerance(Model(chain(dense(3, "tanh_shrink"))), small)
    z = small.astype(np.float64) @ Model(chain(dense(3))).layers[0].W
    assert np.all(tolerance.size > 2.0**-24 * np.abs(z).min())
    assert np.all(tolerance.size > 100 * 64 * 2.0**-24 * np.abs(z - np.tanh(z)).max())


def test_what_is_only_moved_about_has_the_last_rounding_alone():
    sizes = sizes_of(chain(LayerSpec("Flatten", "flatten", {})), X)
    np.testing.assert_allclose(sizes, sensitivity.LAST_UNITS * 2.0**-24 * np.abs(X).max(axis=0, keepdims=True))


def test_an_infinity_on_one_side_is_allowed_where_a_vanishing_number_gives_one():
    layers = (LayerSpec("ops.Log", "log", {}),)
    x = np.array([[1.0, 1e-39, 0.0, 2.0]], np.float32)
    with np.errstate(divide="ignore"):
        exact, (tolerance,) = sensitivity.output_tolerance(Model(chain(*layers)), x)
    assert np.array_equal(tolerance.leaves, [[False, True, True, False]])
    assert tolerance.ratio(np.array([[0.0, np.inf, np.inf, 0.0]])) == 0
    assert tolerance.ratio(np.array([[np.inf, 0.0, 0.0, 0.0]])) == np.inf
    assert np.isneginf(exact[0][0, 2])


def test_every_element_has_a_tolerance_of_its_own():
    spec = dense(3)
    scaled = Weight("kernel", spec.weights[0].value * np.array([1, 1e-6, 1e6], np.float32))
    (sizes,) = sizes_of(chain(LayerSpec("Dense", "dense", spec.config, (scaled,))), X)
    assert sizes[1] < 1e-5 * sizes[0] < 1e-10 * sizes[2] * 10
