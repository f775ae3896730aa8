"""Random architectures: every step of the plan is within the bound, and so are the rows one by one."""

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scratchnn.engine import compile_model, convolution, convolution_blocks, products, recurrent
from scratchnn.engine.recurrent_stack import StackStep
from scratchnn.engine.steps import FusedStep
from scratchnn.errors import InputError
from scratchnn.layers.bidirectional import Bidirectional
from scratchnn.models.graph import Model
from tests.support.filling import floats

from .architectures import Builder
from .judge import judge

REGIMES = ("normal", "integer", "wide", "constant", "saturated", "denormal")
ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid", "softmax", "gelu", "elu")
seeds = st.integers(0, 2**16)


def filled(shape: tuple[int, ...], seed: int, regime: str) -> np.ndarray:
    """Input of a regime, as in the suite of the layers."""
    return floats(np.random.default_rng(seed), shape, regime)


def in_blocks(blocks: bool) -> Any:
    """Products as on a processor with kernels for small matrices, or as on others."""
    return mock.patch.object(products, "has_small_matrix_kernels", return_value=blocks)


@st.composite
def cnns(draw: st.DrawFn) -> tuple[Model, int]:
    """Blocks of convolution, normalization, activation and pooling in many combinations."""
    height, width, channels = (draw(st.integers(1, n)) for n in (14, 14, 5))
    builder = Builder((None, None, None, channels), draw(seeds))
    for _ in range(draw(st.integers(1, 3))):
        filters, padding = draw(st.sampled_from([1, 3, 8, 17])), draw(st.sampled_from(["same", "valid"]))
        kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
        strides = draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (1, 3), (2, 1)]))
        dilation = draw(st.sampled_from([(1, 1), (2, 1), (1, 2), (3, 2)])) if strides == (1, 1) else (1, 1)
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        if padding == "valid" and (reach[0] > height or reach[1] > width):
            padding = "same"
        named = draw(st.sampled_from(ACTIVATIONS))
        inside = draw(st.booleans())
        options = {"strides": list(strides), "dilation_rate": list(dilation), "use_bias": draw(st.booleans())}
        if channels == 8 and filters == 8:
            options["groups"] = draw(st.sampled_from([1, 2]))
        activation = named if inside else "linear"
        builder.conv(channels, filters, kernel, padding=padding, activation=activation, **options)
        size = [height, width]
        height, width = (
            -(-n // s) if padding == "same" else (n - r) // s + 1
            for n, s, r in zip(size, strides, reach, strict=True)
        )
        if draw(st.booleans()):
            vectors = dict.fromkeys(["gamma", "beta", "moving_mean", "moving_variance"], (filters,))
            builder.add("BatchNormalization", {"axis": -1}, **vectors)
        if not inside:
            name = draw(st.sampled_from(["ReLU", "Activation"]))
            builder.add(name, {"activation": named} if name == "Activation" else {"max_value": None})
        pool = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        if draw(st.booleans()) and pool[0] <= height and pool[1] <= width:
            moved = draw(st.one_of(st.just(pool), st.tuples(st.integers(1, 3), st.integers(1, 3))))
            kind = draw(st.sampled_from(["Max", "Average"]))
            builder.pool(kind, pool_size=list(pool), strides=list(moved))
            height, width = ((n - p) // s + 1 for n, p, s in zip((height, width), pool, moved, strict=True))
        channels = filters
    return builder.model(), (height, width)


def fits(model: Model, x: np.ndarray) -> bool:
    """Whether no window is larger than what it moves over."""
    try:
        model.forward(x[:1])
    except InputError:
        return False
    return True


@given(drawn=st.data(), seed=seeds, regime=st.sampled_from(REGIMES), batch=st.integers(1, 20))
@settings(max_examples=settings.default.max_examples * 3)
def test_convolutions(drawn: st.DataObject, seed: int, regime: str, batch: int) -> None:
    band = drawn.draw(st.sampled_from([1, 600, convolution_blocks.BAND_BYTES]), label="bytes of a band")
    images = drawn.draw(st.sampled_from([1, 2000, convolution.PASS_BYTES]), label="bytes of a pass")
    size = drawn.draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
    blocks = drawn.draw(st.booleans(), label="products in blocks")
    model, _ = drawn.draw(cnns())
    x = filled((batch, *size, model.input_shapes[0][-1]), seed, regime)
    if not fits(model, x):
        with pytest.raises(InputError) as plain:
            model.forward(x)
        with pytest.raises(InputError) as fast:
            model.predict(x, batch_size=batch)
        assert str(fast.value) == str(plain.value)
        return
    for step in compile_model(model).steps:
        if isinstance(step, FusedStep):
            event(" ".join(type(layer).__name__ for layer in step.layers))
    smaller = mock.patch.multiple(convolution_blocks, BAND_BYTES=band, BAND_ROWS=1)
    with smaller, in_blocks(blocks), mock.patch.object(convolution, "PASS_BYTES", images):
        judge(model, x)


@given(
    seed=seeds,
    regime=st.sampled_from(REGIMES),
    batch=st.integers(1, 70),
    features=st.sampled_from([1, 7, 64, 1568]),
    units=st.sampled_from([1, 10, 67, 128]),
    activation=st.sampled_from(ACTIVATIONS),
    use_bias=st.booleans(),
    blocks=st.booleans(),
)
def test_dense(
    seed: int, regime: str, batch: int, features: int, units: int, activation: str, use_bias: bool, blocks: bool
) -> None:
    builder = Builder((None, features), seed)
    model = builder.dense(features, units, activation, use_bias=use_bias).model()
    with in_blocks(blocks):
        judge(model, filled((batch, features), seed, regime))


@given(
    drawn=st.data(),
    seed=seeds,
    regime=st.sampled_from(REGIMES),
    batch=st.integers(1, 20),
    padding=st.sampled_from(["same", "valid", "causal"]),
    kind=st.sampled_from(["Max", "Average", ""]),
)
def test_convolutions_over_time(
    drawn: st.DataObject, seed: int, regime: str, batch: int, padding: str, kind: str
) -> None:
    kernel, groups, channels = (drawn.draw(st.integers(1, n)) for n in (4, 2, 3))
    channels, filters = groups * channels, groups * drawn.draw(st.sampled_from([1, 5, 70]))
    strides = drawn.draw(st.integers(1, 3))
    dilation = drawn.draw(st.integers(1, 3)) if strides == 1 else 1
    steps = (kernel - 1) * dilation + drawn.draw(st.integers(1, 12))
    config = {"filters": filters, "kernel_size": [kernel], "padding": padding, "strides": [strides]}
    config |= {
        "dilation_rate": [dilation],
        "groups": groups,
        "activation": drawn.draw(st.sampled_from(ACTIVATIONS)),
    }
    builder = Builder((None, None, channels), seed)
    builder.add("Conv1D", config, kernel=(kernel, channels // groups, filters), bias=(filters,))
    if kind:
        builder.add(f"{kind}Pooling1D", {"pool_size": [drawn.draw(st.integers(1, 2))]})
    model, x = builder.model(), filled((batch, steps, channels), seed, regime)
    if fits(model, x):
        judge(model, x)


@st.composite
def recurrent_models(draw: st.DrawFn, sequences: bool = True) -> Model:
    """One to three recurrent layers of one kind, on ids or vectors, masked or not."""
    kind = draw(st.sampled_from(["LSTM", "GRU", "SimpleRNN"]))
    features, ids = draw(st.integers(1, 7)), draw(st.booleans())
    scale = draw(st.sampled_from([1.0, 1.0, 8.0, 30.0]), label="scale of the weights")
    builder = Builder(
        (None, None) if ids else (None, None, features), draw(seeds), "int64" if ids else "float32", scale
    )
    if ids:
        builder.embedding(9, features, draw(st.booleans()))
    elif draw(st.booleans()):
        builder.add("Masking", {"mask_value": 0.0})
    for place in range(count := draw(st.integers(1, 3))):
        units, both = draw(st.integers(1, 9)), draw(st.booleans())
        options = {"use_bias": draw(st.booleans()), "return_sequences": sequences or place < count - 1}
        if kind == "SimpleRNN":
            options["activation"] = draw(st.sampled_from(["tanh", "relu", "linear"]))
        if kind == "GRU":
            options["reset_after"] = draw(st.sampled_from([True, True, False]))
        if not both:
            options["go_backwards"] = draw(st.booleans())
            options["zero_output_for_mask"] = draw(st.booleans())
        merge_mode = draw(st.sampled_from(["concat", "concat", "sum"])) if both else None
        builder.recurrent(kind, features, units, both, merge_mode, **options)
        features = 2 * units if merge_mode == "concat" else units
    return builder.model()


def sequences(model: Model, seed: int, batch: int, time: int, regime: str) -> np.ndarray:
    """Ids, a third of them 0, or vectors of a regime, some steps all 0."""
    rng = np.random.default_rng(seed)
    skipped = rng.random((batch, time)) < 1 / 3
    if len(model.input_shapes[0]) == 2:
        return np.where(skipped, 0, rng.integers(0, 9, (batch, time)))
    x = filled((batch, time, model.input_shapes[0][-1]), seed, regime)
    return np.where(skipped[..., None], np.float32(0), x)


@given(
    model=recurrent_models(),
    seed=seeds,
    batch=st.sampled_from([1, 2, 3, 5, 20]),
    time=st.integers(1, 12),
    regime=st.sampled_from(REGIMES),
    chunk=st.sampled_from([1, 4, recurrent.CHUNK_STEPS]),
)
@settings(max_examples=settings.default.max_examples * 3)
def test_recurrent_layers(model: Model, seed: int, batch: int, time: int, regime: str, chunk: int) -> None:
    x = sequences(model, seed, batch, time, regime)
    for step in compile_model(model).steps:
        event(" ".join(type(layer).__name__ for layer in step.layers) if isinstance(step, FusedStep) else "plain")
    with mock.patch.object(recurrent, "CHUNK_STEPS", chunk):
        judge(model, x)
        first, second = model.predict(x), model.predict(x)
    assert np.array_equal(first, second, equal_nan=True)  # nothing is left in the buffers


@st.composite
def stacks(draw: st.DrawFn) -> Model:
    """Two to six SimpleRNN layers of as many units, on ids or vectors, between other layers or not."""
    features, ids = draw(st.integers(1, 7)), draw(st.booleans())
    kind = "int64" if ids else "float32"
    scale = draw(st.sampled_from([1.0, 1.0, 8.0]), label="scale of the weights")
    builder = Builder((None, None) if ids else (None, None, features), draw(seeds), kind, scale)
    if ids:
        builder.embedding(9, features, draw(st.sampled_from([False, False, True])))
    elif draw(st.sampled_from([False, False, True])):
        builder.add("Masking", {"mask_value": 0.0})
    units, activation = draw(st.integers(1, 9)), draw(st.sampled_from(["tanh", "relu", "linear", "softmax"]))
    for place in range(count := draw(st.integers(2, 6))):
        options = {"activation": activation, "use_bias": draw(st.booleans())}
        sequences = place < count - 1 or draw(st.booleans())
        builder.recurrent("SimpleRNN", features, units, return_sequences=sequences, **options)
        features = units
    return builder.model()


@given(
    model=stacks(),
    seed=seeds,
    batch=st.sampled_from([1, 2, 5, 20]),
    time=st.integers(1, 12),
    regime=st.sampled_from(REGIMES),
    chunk=st.sampled_from([1, 4, recurrent.CHUNK_STEPS]),
)
@settings(max_examples=settings.default.max_examples * 2)
def test_stacks_of_simple_rnns(model: Model, seed: int, batch: int, time: int, regime: str, chunk: int) -> None:
    x = sequences(model, seed, batch, time, regime)
    (stack,) = [step for step in compile_model(model).steps if isinstance(step, StackStep)]
    event(f"{len(stack.stack)} layers, {time} steps, {'ids' if x.ndim == 2 else 'vectors'}")
    with mock.patch.object(recurrent, "CHUNK_STEPS", chunk):
        judge(model, x)
        first, second = model.predict(x), model.predict(x)
    assert np.array_equal(first, second, equal_nan=True)  # nothing is left in the buffers


OTHERS: dict[str, dict[str, object]] = {
    "units": {"units": 4},
    "activation": {"activation": "relu"},
    "backwards": {"go_backwards": True},
    "both": {"both": True},
    "kind": {"kind": "GRU"},
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("place", [0, 2, 3])
def test_a_stack_ends_at_another_layer(other: str, place: int) -> None:
    builder, features = Builder((None, None, 3)), 3
    for layer in range(4):
        options = {"kind": "SimpleRNN", "units": 5} | (OTHERS[other] if layer == place else {})
        builder.recurrent(inputs=features, return_sequences=True, **options)
        features = options["units"] * (2 if options.get("both") else 1)
    model = builder.model()
    taken = [len(step.layers) for step in compile_model(model).steps if isinstance(step, FusedStep)]
    assert taken == {0: [1, 3], 2: [2, 1, 1], 3: [3, 1]}[place]
    judge(model, filled((3, 7, 3), 0, "normal"))


def test_what_is_not_finite_stays_in_its_layer_and_sample() -> None:
    builder = Builder((None, None, 3)).recurrent("SimpleRNN", 3, 4, return_sequences=True)
    model = builder.recurrent("SimpleRNN", 4, 4, return_sequences=True).model()
    x = filled((3, 9, 3), 0, "normal")
    x[1, 5] = np.nan
    got, expected = model.predict(x), model.forward(x)
    assert np.array_equal(np.isnan(got), np.isnan(expected))
    assert np.isnan(got).any(axis=(0, 2)).tolist() == [False] * 5 + [True] * 4


@given(
    model=recurrent_models(sequences=False), seed=seeds, batch=st.sampled_from([1, 3, 20]), time=st.integers(1, 12)
)
def test_the_last_output_is_the_last_of_the_sequence(model: Model, seed: int, batch: int, time: int) -> None:
    x = sequences(model, seed, batch, time, "normal")
    last = model.predict(x)
    *_, layer = model.layers
    inner = layer.sublayers().values() if isinstance(layer, Bidirectional) else [layer]
    zeroed = [each.zero_output_for_mask for each in inner]
    for each in inner:
        each.return_sequences = True
    whole = model.predict(x)
    assert all(each.zero_output_for_mask == zero for each, zero in zip(inner, zeroed, strict=True))
    units = [each.cell.units for each in inner]
    if isinstance(layer, Bidirectional) and layer.merge_mode == "concat":
        assert np.array_equal(last[:, : units[0]], whole[:, -1, : units[0]], equal_nan=True)
        assert np.array_equal(last[:, units[0] :], whole[:, 0, units[0] :], equal_nan=True)
    elif not isinstance(layer, Bidirectional):
        assert np.array_equal(last, whole[:, -1], equal_nan=True)


def image_model(activation: str, kind: str) -> Model:
    """One block of the report's CNN."""
    builder = Builder((None, 9, 8, 3)).conv(3, 8, padding="same", activation=activation)
    return builder.pool(kind).add("Flatten").dense(4 * 4 * 8, 3, "softmax").model()


@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "linear", "softmax"])
def test_activation_and_pooling_in_the_right_order(activation: str, kind: str) -> None:
    judge(image_model(activation, kind), filled((5, 9, 8, 3), 0, "normal"))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("both", [False, True])
def test_masked_steps_change_nothing(kind: str, both: bool) -> None:
    builder = Builder((None, None), 0, "int64").embedding(9, 4, mask_zero=True)
    builder.recurrent(kind, 4, 5, both, return_sequences=True)
    model = builder.recurrent(kind, 10 if both else 5, 6, both, return_sequences=True).model()
    judge(model, sequences(model, 0, 5, 12, "normal"))
    x = np.array([[1, 2, 0, 3, 0, 0]])
    kept = [0, 1, 3]
    np.testing.assert_allclose(model.predict(x)[:, kept], model.predict(x[:, kept]), rtol=1e-5, atol=1e-6)
