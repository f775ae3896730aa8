"""A text of JSON is counted before it is parsed: a small file may hold more than a minute's work."""

import time

import pytest

from scratchnn import ModelFileError
from scratchnn.keras_files import limits
from scratchnn.keras_files.json_text import parse_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": [{}, {}, []]}', "at most 4 lists and objects, got 5"),
        ('{"a": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}', "at most 10 values, got 12"),
    ],
)
def test_more_than_the_limit_is_refused(text, message, monkeypatch):
    monkeypatch.setattr(limits, "MAX_CONTAINERS", 4)
    monkeypatch.setattr(limits, "MAX_VALUES", 10)
    for given in (text, text.encode()):
        with pytest.raises(ModelFileError, match=f"config.json: expected {message}"):
            parse_json(given, "config.json")


def test_up_to_the_limit_is_read(monkeypatch):
    monkeypatch.setattr(limits, "MAX_CONTAINERS", 3)
    monkeypatch.setattr(limits, "MAX_VALUES", 5)
    assert parse_json('{"a": [1, 2, 3], "b": {}}', "config.json") == {"a": [1, 2, 3], "b": {}}


def test_what_takes_a_minute_is_refused_at_once():
    text = '{"a": [' + ",".join(["{}"] * 5_000_000) + "]}"
    start = time.perf_counter()
    with pytest.raises(ModelFileError, match="lists and objects"):
        parse_json(text, "config.json")
    assert time.perf_counter() - start < 2  # it takes hundredths of a second
