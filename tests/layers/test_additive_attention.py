"""AdditiveAttention against Keras."""

from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError
from tests.support import Case, Entry, bad_config, layer_tests
from tests.support.attention import branches, inputs, refused_inputs


@st.composite
def attention(draw):
    shapes, call = draw(inputs())
    options = {"use_scale": draw(st.booleans())}
    return shapes, options | ({"dropout": 0.5} if draw(st.integers(0, 4)) == 0 else {}), call


TestAdditiveAttention = layer_tests(
    Entry(
        "AdditiveAttention",
        attention(),
        example=Case("AdditiveAttention", [(2, 3, 4), (2, 5, 4)]),
        branches={**branches(), "scaled": (lambda run: run.case.options["use_scale"], 0.2)},
        refusals=[
            bad_config("use_scale.*true or false", ConfigError, use_scale=1),
            bad_config("dropout.*number", ConfigError, dropout=-1),
            *refused_inputs(InputError),
        ],
    )
)
