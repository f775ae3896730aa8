"""The rules, one kind of operation each; importing this package fills the registry `RULES`."""

from importlib import import_module
from pkgutil import iter_modules

from .base import RULES, Call, Rule, find_rule, rule

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["RULES", "Call", "Rule", "find_rule", "rule"]
