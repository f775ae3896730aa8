"""When two implementations of a layer agree: bounds on rounding errors, derived for each kind of operation.

`check_call` judges one call of a layer. It compares scratchnn with Keras in up to three channels:

- C64, for bugs: Keras in float64 against scratchnn in float64, within twice the bound. A thousandfold sharper
  than anything that float32 could show.
- C32, for numerics: scratchnn and Keras in float32, each against the exact result, within the bound.
- Z, where it is asked for: equal to the last bit.

Texts must be the same (`scratchnn.agreement.texts`). Shapes and dtypes are judged too. What happens to NaN,
infinities, zeros and numbers below the normal range is written in `scratchnn.agreement.compare`.

Keras is said to be off only if its own float64 result bears scratchnn out, so give `reference64` where there is
one. Recurrent layers that return the last output alone are judged step by step if `sequence` is given too;
without it the errors are followed through the steps (`propagation`), which stays sharp in float64 but not in
float32.

How to choose a rule for a new layer. If it only moves or picks numbers: "exact" or "maximum". If it is linear in
its input and in each of its weights, give it `linear(x)` and take "dot"; terms are counted and sizes taken by
calling `linear` with other weights, so padding, strides and groups need no thought. If it normalizes, merges or
loops, look for the attributes in the table. If nothing fits, write the formula once more in the operations of
`Arithmetic`, each of which carries its error, in a file of `rules`: a function of a `Call`, registered with
`@rule("name")`, that gives an `Approx` for each output. Where implementations may use different formulas, work
out each and take the larger error. A new cell needs a `@step_rule` instead. A new activation function needs a
line in `functions.ACCURACY`, with the constants that `python -m scratchnn.agreement.measure` prints. Then run
the layer's tests: a false alarm shows that the bound forgets something, never that it needs a factor.

A layer names the rule that bounds its error in the class attribute `bound`:

======================  ====================================================================================
exact                   numbers are moved or looked up: reshapes, padding, embedding, dropout at inference
operation               functions of `keras.ops` in a graph, by the name of the class
kept                    numbers stay or become 0: masking
maximum                 one of several numbers is chosen: max pooling
dot                     `linear(x)`, linear in x and in each weight, then `activation`
average                 means over windows (`pool_size`) or over `axes`
affine                  x · `scale` + `offset`
activation              the function that `activation` names
piecewise_linear        `negative_slope`, `threshold`: relu, leaky relu
softmax                 softmax along `axis`
batch_normalization     the moving statistics of `axis`
separable               `depthwise(x)`, then `pointwise(x)`, then `activation`
elu                     elu with the layer's `alpha`
up_sampling             repetition or interpolation of images
layer_normalization     the statistics of each sample over `axes`
group_normalization     the same for each group (`in_groups`)
rms_normalization       the mean square of each sample over `axes`
normalization           statistics measured before, of weights or config
unit_normalization      x over its norm along `axis`, by at most `longest`
sum, product            several inputs added or multiplied by `merge`
dot_merge               scalar products (`products`) of two inputs, that may be normalized first
attention               the scores of a `score_mode`, softmax, `combine`
multi_head_attention    projections (`project_query`, ...), `scores`, softmax, `combine`, a projection
time_distributed        the rule of the inner `layer`
recurrent               a `cell` over the time axis; the cell names the rule of its step in its own `bound`
bidirectional           two of those, merged
======================  ====================================================================================
"""

from . import rules
from .arithmetic import Approx, Arithmetic
from .check import check_call
from .result import Agreement, Channel, Verdict, combine

__all__ = ["Agreement", "Approx", "Arithmetic", "Channel", "Verdict", "check_call", "combine", "rules"]
