"""The result as a value: JSON and back, one for a whole model, words for people."""

import json

import pytest

from scratchnn.agreement import Agreement, Channel, Verdict, combine

GOOD = Agreement(Verdict.AGREE, ratio=0.25, where=(1, 2), layer="Dense 'a'", size=6)
CLOSE = Agreement(Verdict.AGREE, ratio=0.9, layer="Dense 'b'")
OFF = Agreement(
    Verdict.SCRATCH_OFF, Channel.C64, ratio=float("inf"), layer="Dense 'c'", reason="outside the bound"
)
WORSE = Agreement(Verdict.KERAS_OFF, ratio=9.0, layer="Dense 'd'")


@pytest.mark.parametrize("agreement", [GOOD, OFF, WORSE])
def test_json_and_back(agreement):
    text = json.dumps(agreement.as_dict(), allow_nan=False)
    again = Agreement.from_dict(json.loads(text))
    assert again.as_dict() == agreement.as_dict()
    assert (again.verdict, again.channel, again.agrees) == (agreement.verdict, agreement.channel, agreement.agrees)


def test_verdicts_are_plain_words():
    assert GOOD.as_dict()["verdict"] == "agree"
    assert [str(verdict) for verdict in Verdict] == ["agree", "keras off", "scratch off", "both off"]
    assert OFF.as_dict()["ratio"] == "inf"


def test_a_model_agrees_as_its_worst_layer_does():
    assert combine([GOOD, CLOSE, GOOD]) is CLOSE


def test_a_model_is_wrong_where_its_first_wrong_layer_is():
    assert combine([GOOD, WORSE, OFF]) is WORSE
    assert combine([OFF, WORSE]) is OFF


def test_a_model_without_layers_is_no_agreement():
    with pytest.raises(ValueError, match="got none"):
        combine([])


def test_the_words_name_layer_verdict_and_place():
    assert "Dense 'a': agree" in str(GOOD)
    assert "scratch off (C64): outside the bound" in str(OFF)
