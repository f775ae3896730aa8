"""docs/coverage.md says what the registry and the installed Keras say."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def make_coverage():
    spec = importlib.util.spec_from_file_location("make_coverage", DOCS / "make_coverage.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(make_coverage):
    text = make_coverage.page()
    assert (DOCS / "coverage.md").read_text(encoding="utf-8") == text, "run docs/make_coverage.py"


def test_a_class_without_a_reason_is_an_error(make_coverage):
    with pytest.raises(KeyError, match="Novelty"):
        make_coverage.reason("Novelty")


def test_no_supported_layer_has_a_reason_why_it_is_not(make_coverage):
    from scratchnn.layers import LAYERS

    assert not set(make_coverage.REASONS) & set(LAYERS)
