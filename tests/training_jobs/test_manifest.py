"""The manifest sees every change of a golden file."""

import pytest

from training_jobs.errors import GoldenError
from training_jobs.manifest import manifest_faults, write_manifest


@pytest.fixture
def root(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text("{}\n")
    (tmp_path / "README.md").write_text("prose is free to change")
    write_manifest(tmp_path)
    return tmp_path


def test_generated_files_have_no_fault(root):
    (root / "README.md").write_text("changed")
    assert manifest_faults(root) == []


def test_an_edited_file_is_named(root):
    (root / "two" / "metrics.json").write_text("{ }\n")
    assert manifest_faults(root) == ["two/metrics.json: not the file that was generated (its SHA-256 differs)"]


def test_missing_and_added_files_are_named(root):
    (root / "one" / "metrics.json").rename(root / "one" / "other.json")
    assert manifest_faults(root) == [
        "one/metrics.json: in the manifest, but missing",
        "one/other.json: not in the manifest",
    ]


@pytest.mark.parametrize("text", [None, "{", "3"])
def test_without_a_readable_manifest_nothing_is_promised(root, text):
    (root / "manifest.json").unlink()
    if text is not None:
        (root / "manifest.json").write_text(text)
    with pytest.raises(GoldenError, match=r"manifest\.json"):
        manifest_faults(root)
