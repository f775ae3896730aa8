"""The fast way through a model: `Model.predict` runs a plan of fused steps where `Model.forward` runs the layers.

How a model becomes a plan, and how the plan runs:

- `chain` finds layers that follow each other with nothing else looking on, so that they may be fused.
- `rules` tries the rules on each chain; a layer that no rule takes runs as it is (`steps.PlainStep`).
- `plan` holds the steps, and runs them tile by tile (a tile is a part of the batch) on buffers that are kept.
- `tiles` hands the tiles to threads.

Each rule is one file, and what it prepares may be another: `convolution` and `convolution_blocks`, `recurrent` and
`gates`. What they share is in `pointwise` (activations in place) and `products` (matrix products in blocks).
"""

from .plan import Plan, compile_model

__all__ = ["Plan", "compile_model"]
