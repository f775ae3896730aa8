"""Which tests see a change of a module of scratchnn.layers: its layer's own, or those of layers that share it."""

# For modules that several layers share; the most telling tests first.
SHARED = {
    "__init__": ("completeness",),
    "base": ("base", "dense", "add", "embedding"),
    "bidirectional": ("bidirectional", "report_api"),
    "convolution": ("conv2d", "conv1d", "conv3d", "report_api"),
    "dense": ("dense", "report_api"),
    "depthwise_convolution": ("depthwise_conv2d", "depthwise_conv1d", "report_api"),
    "elementwise": ("leaky_relu", "elu"),
    "encoding": ("category_encoding", "discretization"),
    "index_lookup": ("string_lookup", "integer_lookup", "text_vectorization"),
    "inference_identity": ("dropout_variants",),
    "margins": ("zero_padding2d", "cropping2d", "zero_padding1d", "cropping1d"),
    "merge": ("add", "subtract", "multiply", "maximum"),
    "operation_batches": ("operation_shapes", "operations"),
    "operation_functions": ("operations",),
    "operation_product_shapes": ("operation_shapes", "operations"),
    "operation_shapes": ("operation_shapes", "operations"),
    "options": ("options", "dense", "conv2d", "reshape", "simple_rnn", "embedding"),
    "pooling": (
        *("average_pooling2d", "max_pooling2d", "global_average_pooling2d", "global_max_pooling2d"),
        *("average_pooling1d", "max_pooling1d", "global_average_pooling1d", "global_max_pooling1d", "report_api"),
    ),
    "query_value_key": ("multi_head_attention", "attention"),
    "recurrent": ("simple_rnn", "lstm", "rnn"),
    "separable_convolution": ("separable_conv2d", "separable_conv1d", "report_api"),
    "simple_rnn": ("simple_rnn", "cells"),
    "gru": ("gru", "cells"),
    "lstm": ("lstm", "cells", "report_api"),
    "stacked_rnn_cells": ("cells", "rnn"),
    "transposed_convolution": ("conv2d_transpose", "conv1d_transpose"),
    "up_sampling": ("up_sampling2d", "up_sampling1d"),
}


def files_for(stem: str) -> tuple[str, ...]:
    """The test files, below tests, for `src/scratchnn/layers/<stem>.py`."""
    return tuple(f"layers/test_{name}.py" for name in SHARED.get(stem, (stem,)))
