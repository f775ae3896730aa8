"""Holds every step of a plan to the bounds of `scratchnn.agreement`.

A step is judged on the input that the engine itself gave it. A step of one layer is judged by `check_call`. For a
chain of layers in one step nobody sees the values in between, so the bound of the first layer goes through the
others: their own rounding is added to what they make of the error before them.
"""

import copy
from typing import Any

import numpy as np

from scratchnn.agreement import Approx, Arithmetic, check_call, functions, rules
from scratchnn.agreement.compare import compare
from scratchnn.engine import compile_model
from scratchnn.engine.convolution import ConvolutionStep
from scratchnn.engine.recurrent import RecurrentStep
from scratchnn.engine.recurrent_stack import StackStep
from scratchnn.engine.steps import FusedStep
from scratchnn.layers import Embedding, Layer
from scratchnn.layers.convolution import Convolution
from scratchnn.layers.pooling import AveragePooling, MaxPooling
from scratchnn.models.graph import Model

FLOAT32 = Arithmetic(np.float32)


def judge(model: Model, x: Any) -> float:
    """Assert that every step is within its bound; the largest ratio of error and bound."""
    plan = compile_model(model)
    ref = model.spec.inputs[0]
    values, masks, workspace, worst = {ref: x}, {}, {}, 0.0
    with np.errstate(all="ignore"):
        for step in plan.steps:
            step.run(values, masks, workspace)
            if isinstance(step, FusedStep):
                worst = max(worst, judge_step(step, values, masks))
            if isinstance(step, ConvolutionStep) and len(step.blocks) > 1:
                worst = max(worst, judge_blocks(model, step, dict(values), dict(masks)))
    return worst


def judge_blocks(model: Model, step: ConvolutionStep, values: dict[Any, Any], masks: dict[Any, Any]) -> float:
    """Each block as a step of its own: its bound is sharper than that of all of them together."""
    links, worst = list(step.links), 0.0
    for block in step.blocks:
        taken, links = links[: block.layers], links[block.layers :]
        single = ConvolutionStep(model, step.number, taken, [block])
        single.run(values, masks, {})
        worst = max(worst, judge_step(single, values, masks))
    return worst


def judge_step(step: FusedStep, values: dict[Any, Any], masks: dict[Any, Any]) -> float:
    """One step: its output against the exact output for its own input."""
    given, got = np.array(values[step.source]), np.array(values[step.target])
    assert got.dtype == np.float32, f"{step.layers}: {got.dtype}"
    if len(step.layers) == 1:
        (layer,) = step.layers
        result = check_call(layer, (given,), {}, masks.get(step.source), got, candidate=got)
        assert result.agrees, f"{result}"
        return result.ratio
    if isinstance(step, StackStep):
        return judge_stack(step, dict(values), dict(masks))
    if isinstance(step, RecurrentStep):
        embedding, layer = step.layers
        vectors, mask = embedding.forward(given), embedding.compute_mask(given, masks.get(step.source))
        result = check_call(layer, (vectors,), {}, mask, got, candidate=got)
        assert result.agrees, f"{result}"
        return result.ratio
    found = compare([got], [chain(step.layers, given)])
    assert found.within, f"{step.layers}: {found}"
    return found.ratio


def judge_stack(step: StackStep, values: dict[Any, Any], masks: dict[Any, Any]) -> float:
    """A stack of recurrent layers: each on what the one below gave, which the step can show."""
    given, got, worst = np.array(values[step.source]), np.array(values[step.target]), 0.0
    if step.mask(given, masks) is not None:
        for single in step.one_by_one:
            single.run(values, masks, {})
            worst = max(worst, judge_step(single, values, masks))
        assert np.array_equal(got, values[step.target], equal_nan=True)
        return worst
    first, shown = step.layers[0], [np.array(each) for each in step.sequences(given)]
    below = first.forward(given) if isinstance(first, Embedding) else given
    last = shown[-1] if step.stack[-1].return_sequences else shown[-1][:, -1]
    assert np.array_equal(got, last, equal_nan=True)
    for layer, sequence in zip(step.stack, shown, strict=True):
        whole = copy.copy(layer)
        whole.return_sequences = True
        result = check_call(whole, (below,), {}, None, sequence, candidate=sequence)
        assert result.agrees, f"{result}"
        worst, below = max(worst, result.ratio), sequence
    return worst


def chain(layers: list[Layer], x: np.ndarray) -> Approx:
    """What exact arithmetic gives behind the last layer, and how far float32 may be from it."""
    first, *rest = layers
    double = first.astype(np.float64)
    given = np.asarray(x, np.float32).astype(np.float64) if x.dtype.kind == "f" else x.astype(np.float64)
    call = rules.base.Call(double, (given,), {}, None, FLOAT32)
    (approx,) = rules.base.find_rule(first)(call)
    for layer in rest:
        approx = through(layer.astype(np.float64), approx)
    return approx


def through(layer: Layer, x: Approx) -> Approx:
    """One more layer of a chain."""
    if isinstance(layer, MaxPooling):  # a maximum moves by no more than what it chooses from
        return x.map(layer.forward)
    if isinstance(layer, AveragePooling):
        n = np.prod(layer.pool_size)
        error = layer.forward(x.error) + FLOAT32.gamma(n + 2) * layer.forward(np.abs(x.value) + x.error)
        return FLOAT32.bounded(layer.forward(x.value), error + (2 * n + 2) * FLOAT32.tiny)
    if type(layer).__name__ == "BatchNormalization":
        return normalized(layer, x)
    if isinstance(layer, Convolution):
        z = FLOAT32.dot(layer, x, lambda each, array: each.linear(array))
        return functions.activate(FLOAT32, layer.activation, z)
    if type(layer).__name__ == "Activation":
        return functions.activate(FLOAT32, layer.activation, x)
    if type(layer).__name__ == "ReLU":
        return Approx(layer.forward(x.value), x.error * max(1.0, layer.negative_slope) + FLOAT32.tiny)
    return x.map(layer.forward)  # reshapes


def normalized(layer: Any, x: Approx) -> Approx:
    """(x - mean) · s + beta or x · s + (beta - mean · s): the larger bound holds, as in the layer's own rule."""
    mean, variance = (FLOAT32.exact(array) for array in (layer.moving_mean, layer.moving_variance))
    scale = FLOAT32.rsqrt(FLOAT32.add(variance, FLOAT32.constant(layer.epsilon)))
    if layer.gamma is not None:
        scale = FLOAT32.multiply(scale, FLOAT32.exact(layer.gamma))
    beta = FLOAT32.exact(np.float64(0) if layer.beta is None else layer.beta)
    shift = FLOAT32.subtract(beta, FLOAT32.multiply(mean, scale))
    spread = FLOAT32.add(FLOAT32.multiply(x, scale), shift)
    centered = FLOAT32.add(FLOAT32.multiply(FLOAT32.subtract(x, mean), scale), beta)
    return FLOAT32.bounded(layer.forward(x.value), np.maximum(spread.error, centered.error))
