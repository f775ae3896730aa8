"""The fast way through a model: `Model.predict` runs a plan of fused steps where `Model.forward` runs the layers.

How a model becomes a plan, and how the plan runs:

- `chain` finds layers that follow each other with nothing else looking on, so that they may be fused.
- `rules` tries the rules on each chain; a layer that no rule takes runs as it is (`steps.PlainStep`).
- `plan` holds the steps, and runs them tile by tile (a tile is a part of the batch) on buffers that are kept.
- `tiles` hands the tiles to threads, `processes` to other processes (by `mailbox`, arrays in shared memory).

Each rule is one file, and what it prepares may be others:

- `convolution`: `convolution_blocks` (a convolution as matrix products), `fourier` and `trust` (large kernels or
  many channels by Fourier transforms, and when), `folding` (a normalization into the kernel), `geometry` (sizes
  and windows), `finishing` (bias, activation and pooling);
- `recurrent`: `gates`, the steps of the cells; `recurrent_stack`: SimpleRNN layers as one wave;
- `dense`, and `passing`: layers that do nothing at inference.

What they share is in `pointwise` (activations in place), `products` (matrix products in blocks) and `blas` (the
library behind them).
"""

from .plan import Plan, compile_model

__all__ = ["Plan", "compile_model"]
