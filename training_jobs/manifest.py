"""`golden/manifest.json`: the digest of every golden file, so that an edit by hand is seen."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from training_jobs.errors import GoldenError
from training_jobs.run_store import write_json

MANIFEST = "manifest.json"


def golden_digests(root: Path) -> dict[str, str]:
    """Return the SHA-256 (hex) of each file in the golden folders, by its path below `root`."""
    paths = sorted(path for path in root.glob("*/*") if path.is_file() and not path.parent.name.startswith("."))
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def write_manifest(root: Path) -> None:
    """Write the manifest of what is in the golden folders now, by a rename."""
    temporary = root / f".{MANIFEST}.writing"
    write_json(temporary, golden_digests(root))
    temporary.rename(root / MANIFEST)


def manifest_faults(root: Path) -> list[str]:
    """Return one line for each golden file that is not as the manifest has it; [] when all are.

    Raises:
        GoldenError: there is no manifest, or it cannot be read.
    """
    try:
        expected = dict(json.loads((root / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise GoldenError(f"{root / MANIFEST}: expected a manifest of the goldens: {error}") from error
    present = golden_digests(root)
    faults = [f"{path}: in the manifest, but missing" for path in expected.keys() - present.keys()]
    faults += [f"{path}: not in the manifest" for path in present.keys() - expected.keys()]
    edited = [path for path in expected.keys() & present.keys() if expected[path] != present[path]]
    faults += [f"{path}: not the file that was generated (its SHA-256 differs)" for path in edited]
    return sorted(faults)
