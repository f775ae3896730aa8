"""The Keras side of `verify`: the only part of this package that imports Keras, and only when it is called.

Keras is handed a file only after scratchnn's own reader has accepted all of it, and then without compiling and
in safe mode, since Keras has run code from crafted files (CVE-2025-1550, CVE-2025-9906).
"""

from .model import KerasModel, import_keras
from .trace import KerasCall

__all__ = ["KerasCall", "KerasModel", "import_keras"]
