"""ELU against Keras."""

from hypothesis import strategies as st

from scratchnn.errors import ConfigError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.geometry import shapes

TestELU = layer_tests(
    Entry(
        "ELU",
        st.tuples(
            shapes(2, 4), st.fixed_dictionaries({"alpha": st.sampled_from([1.0, 0.3, 2.0, 0.0])})
        ),
        example=Case("ELU", (2, 3, 4), {"alpha": 0.3}),
        branches={
            "below zero": (lambda run: (run.case.inputs() < 0).any(), 0.3),
            "another alpha": (lambda run: run.case.options["alpha"] != 1, 0.3),
        },
        refusals=[bad_config("alpha", ConfigError, alpha="one")],
        any_rank=True,
        cost=0.7,
    )
)  # fmt: skip
