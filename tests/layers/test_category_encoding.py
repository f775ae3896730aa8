"""CategoryEncoding against Keras."""

import numpy as np
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.layers.category_encoding import CategoryEncoding
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.geometry import sizes

MODES = ("one_hot", "multi_hot", "count")


@st.composite
def category_encoding(draw):
    tokens = draw(sizes(6))
    options = {"num_tokens": tokens, "output_mode": draw(st.sampled_from(MODES))}
    more = draw(st.sampled_from([(), (), (3,)])) if options["output_mode"] == "one_hot" else ()
    return (draw(sizes(4)), *more, draw(sizes(5))), options, {"inputs": f"ids:{tokens}"}


TestCategoryEncoding = layer_tests(
    Entry(
        "CategoryEncoding",
        category_encoding(),
        example=Case("CategoryEncoding", (2, 3), {"num_tokens": 5}, call={"inputs": "ids:5"}),
        regimes=["normal"],
        branches={
            "one_hot": (lambda run: run.case.options["output_mode"] == "one_hot", 0.15),
            "multi_hot": (lambda run: run.case.options["output_mode"] == "multi_hot", 0.15),
            "an id several times": (
                lambda run: run.case.options["output_mode"] == "count" and run.output.max() > 1,
                0.05,
            ),
            "a last axis of size 1": (lambda run: run.case.shape[-1] == 1, 0.05),
        },
        refusals=[
            bad_config("num_tokens", ConfigError, num_tokens=0),
            bad_config("output_mode", UnsupportedError, output_mode="tf_idf"),
            bad_config("sparse", UnsupportedError, sparse=True),
            bad_input("an id too large", r"ids in \[0, 5\), got 0 to 5", np.array([[0, 5]])),
            bad_input("an id far too large", r"ids in \[0, 5\), got 0 to 9", np.array([[0, 9]])),
            bad_input("a negative id", r"ids in \[0, 5\), got -1 to 0", np.array([[0, -1]])),
            bad_input("a fraction", "whole numbers", np.array([[0.5]])),
            bad_input("rank 3", r"\(batch, length\)", np.zeros((2, 3, 1), int), InputError),
        ],
    )
)


def test_a_last_axis_of_one_is_taken_away_at_any_rank():
    layer = CategoryEncoding(3, "one_hot")
    for shape in ((2, 4, 1), (2, 1, 4), (2, 1)):
        assert layer.output_shape(shape) == layer.forward(np.zeros(shape, np.int32)).shape
