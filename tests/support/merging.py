"""What the files of the merge layers share: drawn shapes, masks, and the check that both sides take them alike."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scratchnn.agreement import check_call
from scratchnn.models.graph import Model

from . import filling, oracle
from .case import Case
from .entry import Entry, Refusal, bad_input
from .geometry import sizes

MASK_KINDS = (None, "random", "end", "start", "full", "nothing")


@st.composite
def merged(draw, smallest=1, largest=4):
    """Shapes of inputs that are merged element by element: the same, or with sizes of 1, or of several ranks."""
    count = draw(st.integers(smallest, largest))
    whole = draw(st.lists(sizes(5), min_size=2, max_size=4).map(tuple))
    shapes = []
    for _ in range(count):
        kind = draw(st.sampled_from(["whole", "narrow", "stretched", "whole", "shorter"]))
        shape = list(whole)
        if kind == "narrow" and len(whole) > 2:
            shape[-1] = 1
        elif kind == "stretched" and len(whole) > 2:
            shape = [n if axis == 0 or draw(st.booleans()) else 1 for axis, n in enumerate(shape)]
        elif kind == "shorter" and len(whole) > 2:
            shape = [whole[0], *whole[2:]]
        shapes.append(tuple(shape))
    assume(not any(taken_for_a_bias(shapes)))
    return shapes, {}


def elementwise(layer: str, *refusals: Refusal, smallest: int = 1, largest: int = 4, exact: bool = True) -> Entry:
    """The entry of a layer that merges so many inputs element by element, with refusals of its own."""
    return Entry(
        layer,
        merged(smallest, largest),
        example=Case(layer, [(2, 3, 4), (2, 3, 4)]),
        exact=exact,
        branches={
            "several ranks": (lambda run: len({len(shape) for shape in run.case.shape}) > 1, 0.05),
            "stretched": (lambda run: len({shape[-1] for shape in run.case.shape}) > 1, 0.03),
            "two or more": (lambda run: len(run.case.shape) > 1, 0.4),
        },
        refusals=[
            bad_input("one array", "list of inputs", np.ones((2, 3, 4), np.float32)),
            bad_input("sizes that differ", "fit each other", [np.ones((2, 3, 4)), np.ones((2, 3, 5))]),
            bad_input("batches that differ", "as many samples", [np.ones((2, 3, 4)), np.ones((3, 3, 4))]),
            bad_input("no inputs", "inputs, got 0", []),
            bad_input("truth values alone", "expected numbers, got truth values", [np.ones((2, 3, 4), bool)] * 2),
            *refusals,
        ],
    )


def mask_test(layer: str, smallest: int = 1, largest: int = 4) -> Callable[[], None]:
    """A test that so many inputs of equal shape, with or without masks, give Keras's output and Keras's mask."""

    @given(
        shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)),
        kinds=st.lists(st.sampled_from(MASK_KINDS), min_size=smallest, max_size=largest),
        seed=st.integers(0, 1000),
    )
    def test(shape, kinds, seed):
        check_masks(Case(layer, [shape] * len(kinds), seed=seed), kinds)

    return test


def taken_for_a_bias(shapes):
    """Whether Keras 3.15 on TensorFlow may take a later input for a bias, and add it along the wrong axis.

    keras.ops.add(x, y) does so where y has one size above 1, and that is the size of the second or of the last
    axis of x (docs/findings.md); where it is the last axis of both, no harm is done.
    """
    rank = max(map(len, shapes))
    full = [(shape[0], *[1] * (rank - len(shape)), *shape[1:]) for shape in shapes]
    for place, shape in enumerate(full[1:], start=1):
        before = np.broadcast_shapes(*full[:place])
        wide = [axis for axis, size in enumerate(shape) if size > 1]
        along_the_second = before[-1] != shape[-1] == before[1]
        yield len(wide) == 1 and (wide[0] != rank - 1 or along_the_second)


def mask_arrays(case: Case, kinds: list[str | None]) -> list[np.ndarray | None]:
    """A mask (batch, time) for each input of rank 3, where a kind is drawn for it."""
    return [
        None if kind is None or len(shape) != 3 else filling.mask(kind, case.seed + place, shape[:2])
        for place, (kind, shape) in enumerate(zip(kinds, case.shapes, strict=True))
    ]


def check_masks(case: Case, kinds: list[str | None]) -> None:
    """Values and mask of the output agree with Keras, whose tensors carry their masks."""
    masks = mask_arrays(case, kinds)
    keras = oracle.keras_layer(case)
    scratch = oracle.scratch_layer(keras, case)
    reference, their_mask = _keras_call(keras, case, masks, "float32")
    reference64, _ = _keras_call(oracle.keras_layer(case, "float64"), case, masks, "float64")
    given = masks if any(mask is not None for mask in masks) else None
    result = check_call(scratch, (case.inputs(),), {}, given, reference, reference64=reference64)
    assert result.agrees, f"{case!r}, masks {kinds}: {result.verdict}: {result.reason}"
    our_mask = Model.call(scratch, (case.inputs(),), {}, given)[1]
    assert (our_mask is None) == (their_mask is None), f"{case!r}, masks {kinds}: {our_mask}, Keras {their_mask}"
    if our_mask is not None:
        np.testing.assert_array_equal(our_mask, their_mask)


def _keras_call(layer: Any, case: Case, masks: list[np.ndarray | None], dtype: str) -> tuple[Any, Any]:
    """Keras's output and its mask, for tensors that carry masks."""
    keras = oracle.keras_module()
    from keras.src import backend

    tensors = []
    for array, mask in zip(case.inputs(), masks, strict=True):
        tensor = keras.ops.convert_to_tensor(array.astype(dtype))
        if mask is not None:
            backend.set_keras_mask(tensor, keras.ops.convert_to_tensor(mask))
        tensors.append(tensor)
    output = layer(tensors)
    mask = backend.get_keras_mask(output)
    return oracle.to_numpy(output), None if mask is None else oracle.to_numpy(mask)


WHOLE_PAIRS = [
    *(("int64", "int64"), ("int32", "int64"), ("bool", "int32"), ("int64", "float32")),
    *(("int16", "int16"), ("uint8", "uint8"), ("uint8", "int8"), ("uint32", "int32")),
]


def whole_numbers_test(layer: str, **options: Any) -> Callable[..., None]:
    """The test that a layer gives Keras's numbers in Keras's dtype for whole numbers, alone and beside floats."""

    @pytest.mark.keras
    @pytest.mark.parametrize("dtypes", WHOLE_PAIRS)
    def test(dtypes: tuple[str, str]) -> None:
        case = Case(layer, [(2, 3), (2, 3)], options)
        arrays = [np.array([[1, 2, 5], [0, 4, 3]]).astype(dtype) for dtype in dtypes]
        layer_of_keras = oracle.keras_layer(case)
        expected = oracle.to_numpy(layer_of_keras(arrays))
        got = oracle.scratch_layer(layer_of_keras, case).forward(arrays)
        assert (got.dtype, got.tolist()) == (expected.dtype, expected.tolist())

    return test
