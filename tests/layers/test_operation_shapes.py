"""The shapes of operations where few models tell the rules apart, and which operations let samples meet."""

import numpy as np
import pytest

from scratchnn.layers import LAYERS, operation_batches
from scratchnn.layers import operation_product_shapes as products
from scratchnn.layers import operation_shapes as rules
from scratchnn.layers.operations import Operation


@pytest.mark.parametrize(
    ("rule", "args", "options", "expected"),
    [
        (rules.squeezed, [(None, 1, 2, 3)], {"axis": None}, (None, 2, 3)),
        (products.multiplied, [(3, None), (4, 2)], {}, (3, 2)),
        (rules.side_by_side, [[(3,), (2,)]], {}, (5,)),
        (rules.side_by_side, [[(2, 3, 4), (2, 1, 4)]], {}, (2, 4, 4)),
        (rules.matrices, [(2, 3)], {}, (2, 3)),
        (products.inner, [(2, 3), (4, 5, 3)], {}, (2, 4, 5)),
        (rules.divided, [(None, 4)], {"indices_or_sections": 1, "axis": 1}, [(None, 4)]),
        (rules.divided, [(2, 4, 5)], {"indices_or_sections": 2, "axis": 1}, [(2, 2, 5)] * 2),
        (rules.divided, [(2, 4, 5)], {"indices_or_sections": [1], "axis": 1}, [(2, 1, 5), (2, 3, 5)]),
        (rules.divided, [(None,)], {"indices_or_sections": 10_000, "axis": 0}, [(None,)] * 10_000),
        (rules.largest, [(None, 2, 4)], {"k": 3, "sorted": True}, [(None, 2, 3)] * 2),
        (rules.padded, [(2,)], {"pad_width": [[5, 0]], "mode": "".join(["con", "stant"])}, (7,)),
    ],
)
def test_the_shape_of_a_result(rule, args, options, expected):
    assert rule(*args, **options) == expected


@pytest.mark.parametrize(
    ("rule", "args", "options"),
    [
        (products.multiplied, [(None, 3), (4, 2)], {}),
        (products.multiplied, [(2, 3), (4, 2)], {}),
        (products.multiplied, [(2, 4), (3, 2)], {}),
        (rules.matrices, [(2,)], {}),
        (rules.divided, [(2, 4)], {"indices_or_sections": 0, "axis": 1}),
        (rules.divided, [(2, 4)], {"indices_or_sections": -1, "axis": 1}),
        (rules.divided, [(2, 4)], {"indices_or_sections": 3, "axis": 1}),
        (rules.divided, [(None,)], {"indices_or_sections": 10_001, "axis": 0}),
        (rules.largest, [(None, 4, 2)], {"k": 3, "sorted": True}),
        (products.summed, [(2, 3), (3,)], {"subscripts": "ij,jk->ik"}),
        (products.summed, [(2, 3, 4)], {"subscripts": "ij->i"}),
        (rules.padded, [(2,)], {"pad_width": [[2, 0]], "mode": "reflect"}),
    ],
)
def test_operands_that_do_not_fit(rule, args, options):
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the operation's
        rule(*args, **options)


@pytest.mark.parametrize(
    ("name", "args", "options", "mixed"),
    [
        ("Tril", [(None, 3)], {}, True),
        ("Tril", [(None, 3, 3)], {}, False),
        ("GetItem", [(None, 3), [slice(None), -1]], {}, False),
        ("GetItem", [(None, 3), [Ellipsis, -1]], {}, False),
        ("GetItem", [(None, 3), [slice(None, None, -1)]], {}, True),
        ("GetItem", [(None, 3), 0], {}, True),
        ("Mean", [(None, 3)], {"axis": None}, True),
        ("Mean", [(None, 3)], {"axis": 0}, True),
        ("Mean", [(None, 3)], {"axis": -2}, True),
        ("Mean", [(None, 3)], {"axis": 1}, False),
        ("Concatenate", [[(None, 3), (None, 3)]], {"axis": 0}, True),
        ("Concatenate", [[(None, 3), (None, 3)]], {"axis": 1}, False),
        ("Einsum", [(None, 3), (None, 3)], {"subscripts": "bi,bi->b"}, False),
        ("Einsum", [(None, 3), (None, 3)], {"subscripts": "bi,ci->bc"}, True),
        ("Transpose", [(None, 3)], {"axes": (1, 0)}, True),
        ("Matmul", [(None, 2, 3), (None, 3, 2)], {}, False),
        ("Add", [(None, 3), (3, 4)], {}, True),
        ("Add", [(None, 3), (1, 3)], {}, False),
    ],
)
def test_whether_samples_meet(name, args, options, mixed):
    operation = LAYERS[f"ops.{name}"](name="op", **options)
    assert isinstance(operation, Operation)
    assert operation_batches.mixes_samples(operation, args, {}) is mixed


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8", "int32", "int64"])
def test_whole_numbers_that_are_asked_for_keep_their_dtype(dtype):
    assert LAYERS["ops.Cast"](name="op", dtype=dtype).forward(np.array([1.5, 2.0])).dtype == dtype
