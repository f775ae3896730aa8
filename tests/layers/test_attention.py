"""Attention against Keras."""

from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.attention import branches, inputs, refused_inputs


@st.composite
def attention(draw):
    shapes, call = draw(inputs())
    options = {"score_mode": draw(st.sampled_from(["dot", "concat"])), "use_scale": draw(st.booleans())}
    return shapes, options | ({"dropout": 0.5} if draw(st.integers(0, 4)) == 0 else {}), call


TestAttention = layer_tests(
    Entry(
        "Attention",
        attention(),
        example=Case("Attention", [(2, 3, 4), (2, 5, 4)], {"use_scale": True, "score_mode": "concat"}),
        branches={
            **branches(),
            "dot": (lambda run: run.case.options["score_mode"] == "dot", 0.2),
            "scaled": (lambda run: run.case.options["use_scale"], 0.2),
        },
        refusals=[
            bad_config("score_mode", UnsupportedError, score_mode="general"),
            bad_config("use_scale.*true or false", ConfigError, use_scale=1),
            bad_config("dropout.*number", ConfigError, dropout=-1),
            *refused_inputs(InputError),
        ],
    )
)
