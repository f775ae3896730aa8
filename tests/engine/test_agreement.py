"""Random architectures: every step of the plan is within the bound, and so are the rows one by one."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scratchnn.engine import compile_model, convolution
from scratchnn.engine.steps import FusedStep
from scratchnn.errors import InputError
from scratchnn.models.graph import Model

from .architectures import Builder
from .judge import judge

REGIMES = ("normal", "integer", "wide", "constant", "saturated", "denormal")
ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid", "softmax", "gelu", "elu")
seeds = st.integers(0, 2**16)


def filled(shape: tuple[int, ...], seed: int, regime: str) -> np.ndarray:
    """Input of a regime, as in the suite of the layers."""
    from support.filling import floats

    return floats(np.random.default_rng(seed), shape, regime)


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
            builder.pool(draw(st.sampled_from(["Max", "Average"])), pool_size=list(pool))
            height, width = height // pool[0], width // pool[1]
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
@settings(max_examples=settings.default.max_examples * 2)
def test_convolutions(drawn: st.DataObject, seed: int, regime: str, batch: int) -> None:
    band = drawn.draw(st.sampled_from([1, 600, convolution.BAND_BYTES]), label="bytes of a band")
    size = drawn.draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
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
    with mock.patch.object(convolution, "BAND_BYTES", band):
        judge(model, x)
