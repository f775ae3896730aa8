"""EinsumDense against Keras."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, WeightError
from scratchnn.layers import build_layer
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import EXACT_ACTIVATIONS, activations, sizes
from tests.support.oracle import layer_spec

# Equation, and how many axes three dots stand for.
EQUATIONS = (
    *(("ab,bc->ac", 0), ("abc,cd->abd", 0), ("abc,cde->abde", 0), ("abcd,cde->abe", 0), ("abc,bd->adc", 0)),
    *(("...x,xy->...y", 1), ("...x,xy->...y", 2), ("ab...,bc->ac...", 1), ("ab...,bc->ac...", 2)),
)


@st.composite
def einsum_dense(draw):
    equation, elided = draw(st.sampled_from(EQUATIONS))
    inputs, output = equation.split("->")
    given = inputs.split(",")[0]
    size = {letter: draw(sizes(4)) for letter in equation if letter.isalpha()}
    rest = tuple(draw(sizes(3)) for _ in range(elided))
    letters = tuple(size[letter] for letter in given if letter.isalpha())
    shape = (*rest, *letters) if given.startswith(".") else (*letters, *rest)
    out = [letter for letter in output if letter.isalpha()]
    axes = st.lists(st.sampled_from(out[not given.startswith(".") :]), unique=True, min_size=1).map("".join)
    biased = draw(st.none() | axes)
    if biased is not None:
        last = out[min(map(out.index, biased)) :]
        bias = [size[letter] if letter in biased else 1 for letter in last] + [1] * given.endswith(".")
        # Keras on TensorFlow takes others for a bias of the channels, and adds them along another axis: see
        # docs/findings.md.
        assume(sum(n > 1 for n in bias) != 1 or bias[-1] > 1)
    return shape, {
        "equation": equation,
        "output_shape": [size[letter] for letter in out[not given.startswith(".") :]],
        "bias_axes": biased,
        "activation": draw(activations()),
    }


OPTIONS = {"equation": "abc,cde->abde", "output_shape": [3, 2, 5], "bias_axes": "de"}

TestEinsumDense = layer_tests(
    Entry(
        "EinsumDense",
        einsum_dense(),
        example=Case("EinsumDense", (2, 3, 4), OPTIONS),
        exact=lambda case: case.options["activation"] in EXACT_ACTIVATIONS,
        branches={
            "a bias": (lambda run: run.scratch.bias is not None, 0.2),
            "a bias that is stretched": (
                lambda run: run.scratch.bias is not None and run.scratch.bias.ndim > 1,
                0.1,
            ),
            "dots in front": (lambda run: run.case.options["equation"].startswith("."), 0.1),
            "dots behind": (lambda run: run.case.options["equation"].endswith("."), 0.1),
        },
        refusals=[
            bad_config("equation.*expected one like", ConfigError, equation="abc,cde"),
            bad_config("equation.*expected one like", ConfigError, equation="...c,cd->d"),
            bad_config("bias_axes.*axes of the output", ConfigError, bias_axes="c"),
            *(bad_config("output_shape.*expected 3 sizes", ConfigError, output_shape=sizes)
              for sizes in ([2, 5], [3, 0, 5], [3, 2.0, 5], [3, True, 5], "325")),
            bad_input("another rank", "fits 'abc,cde->abde'", np.ones((2, 4), np.float32), InputError),
            bad_input("another size", "fits 'abc,cde->abde'", np.ones((2, 3, 5), np.float32), InputError),
        ],
    )
)  # fmt: skip


@pytest.mark.parametrize("equation", ["...x,xy->...y", "ab...,bc->ac...", "abc,cd->abd"])
def test_a_kernel_that_does_not_fit_the_input_is_a_wrong_weight(equation):
    shape = (2, 3, 5)
    options = {"equation": equation, "output_shape": [3, 4] if equation[0] == "a" and equation[2] == "c" else [4]}
    spec = layer_spec(Case("EinsumDense", shape, options))
    (kernel,) = spec.weights
    wrong = replace(kernel, value=np.ones((kernel.value.shape[0] + 1, 4), np.float32))
    with pytest.raises(WeightError, match="expected shape"):
        build_layer(replace(spec, weights=(wrong,)), (None, *shape[1:]))
