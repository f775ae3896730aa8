"""The command that measures the constants of the activations, on few numbers; it tells one that is too small."""

from dataclasses import replace

import pytest

from scratchnn.agreement import functions, measure

pytestmark = pytest.mark.keras
FEW = ["--every", str(2**16), "--samples", "1000"]


@pytest.mark.parametrize(
    "names", [["tanh", "sigmoid", "softplus", "rsqrt"], ["Expm1", "Erf", "Log1p"]], ids=" ".join
)
def test_the_constants_hold_here(names, capsys):
    assert measure.main([*names, *FEW]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == set(names)


def test_a_constant_that_is_too_small_is_exceeded(monkeypatch, capsys):
    honest = functions.ACCURACY["tanh"]
    monkeypatch.setitem(functions.ACCURACY, "tanh", replace(honest, units32=0.1))
    assert measure.main(["tanh", *FEW]) == 1
    assert "EXCEEDED" in capsys.readouterr().out
