"""The versions that a run's figures belong to."""

from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("keras", "tf-keras", "tensorflow", "jax", "torch", "numpy", "hypothesis")


def versions() -> dict[str, str]:
    """Those that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
