"""A provisional criterion with a fixed tolerance, until scratchnn.agreement lands; to be deleted then."""

from dataclasses import dataclass

import numpy as np

from scratchnn.models.graph import Model


@dataclass
class Agreement:
    agrees: bool
    verdict: str
    ratio: float
    reason: str


def check_call(layer, args, kwargs, mask, reference, *, reference64=None, exact=False, candidate=None):
    out = Model.call(layer, args, kwargs, mask)[0]
    outs = out if isinstance(out, tuple) else (out,)
    refs = reference if isinstance(reference, tuple) else (reference,)
    ok = all(
        a.shape == b.shape
        and a.dtype == b.dtype
        and np.allclose(a, b, 1e-3, 1e-3 * max(1, np.max(np.abs(b[np.isfinite(b)]), initial=0)), equal_nan=True)
        for a, b in zip(outs, refs, strict=True)
    )
    if exact:
        ok = ok and all(np.array_equal(a, b) for a, b in zip(outs, refs, strict=True))
    return Agreement(bool(ok), "?", 0.0, f"{out} {reference}")
