"""The script that a failing example prints runs by itself, with Keras and scratchnn side by side."""

import pytest

from tests.support import reproduce
from tests.support.case import Case

pytestmark = pytest.mark.keras
CASES = (
    Case("Dense", (2, 3), {"units": 2}, seed=1),
    Case("LSTM", (2, 3, 2), {"units": 2}, call={"mask": "end", "states": (2, 2)}),
    Case("Add", [(2, 3), (2, 3)]),
    Case("Embedding", (2, 3), {"input_dim": 5, "output_dim": 2}, call={"inputs": "ids:5"}),
    Case("SimpleRNNCell", (2, 3), {"units": 2}, call={"cell_states": (2,)}),
    Case("StringLookup", (2, 3), {"vocabulary": ["cat", "the"]}, call={"inputs": "texts"}),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.layer)
def test_the_script_runs(case, capsys):
    exec(compile(reproduce.script(case), "script", "exec"), {"__name__": "script"})
    printed = capsys.readouterr().out
    for side in ("Keras float32", "scratch float32", "Keras float64"):
        assert side in printed
    assert "from tests" not in reproduce.script(case)
