"""Inputs that a model takes, drawn at random: ids or tokens where some are looked up, texts, else normal numbers.

What reads an input need not be the first layer behind it. The graph is followed, into nested models and back out
of them, as long as layers give out the numbers that they were given.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import InputError
from .layers.base import Array, Layer
from .layers.category_encoding import CategoryEncoding
from .layers.embedding import Embedding
from .layers.index_lookup import IndexLookup
from .layers.operations import CLASSES, Operation
from .layers.text_vectorization import TextVectorization
from .layers.time_distributed import TimeDistributed
from .models.graph import Model
from .models.nested import NestedModel
from .spec import TensorRef, tensor_refs

# A size for an axis that the model leaves open.
OPEN_SIZE = 24
WORDS = 12  # in a text
READERS = (Embedding, CategoryEncoding, IndexLookup, TextVectorization, CLASSES.OneHot)
# The bounds of layers that give out numbers of their input, and zeros at most.
MOVING = ("exact", "maximum")
MOVING_OPERATIONS = frozenset(
    (
        *("Concatenate", "Stack", "Hstack", "Vstack", "Split", "Unstack", "Tile", "Repeat", "BroadcastTo", "Pad"),
        *(
            "ExpandDims",
            "Squeeze",
            "Reshape",
            "Ravel",
            "Transpose",
            "Swapaxes",
            "Moveaxis",
            "Flip",
            "Roll",
            "Sort",
        ),
        *("GetItem", "Take", "TakeAlongAxis", "Where", "Tril", "Triu"),
        *("Max", "Min", "Amax", "Amin", "Maximum", "Minimum"),
        *("Cast", "ConvertToTensor", "Copy", "StopGradient"),
    )
)


def random_inputs(model: Model, samples: int, seed: int) -> Any:
    """Seeded inputs that the model takes, in a list if there are several.

    Where the file fixes the size of a batch, there are as many samples.
    """
    samples = batch_size(model, samples)
    if samples < 1:
        raise InputError(f"samples: expected 1 or more, got {samples}")
    random = np.random.default_rng(seed)
    drawn = [
        _random_input(model, ref, (samples, *(OPEN_SIZE if n is None else n for n in shape[1:])), random)
        for ref, shape in zip(model.spec.inputs, model.input_shapes, strict=True)
    ]
    return drawn if len(drawn) > 1 else drawn[0]


def batch_size(model: Model, otherwise: int) -> int:
    """The number of samples that the model's inputs fix, as those of stateful models do."""
    return next((shape[0] for shape in model.input_shapes if shape[0] is not None), otherwise)


def _random_input(model: Model, ref: TensorRef, shape: tuple[int, ...], random: np.random.Generator) -> Array:
    readers, _ = _follow(model, {ref})
    known = _known(readers)
    named = model.spec.layer(ref.layer).config.get("dtype", "float32")
    if named == "string":
        vectorizer = next((reader for reader in readers if isinstance(reader, TextVectorization)), None)
        if known is None and vectorizer is not None:
            words = random.choice([*vectorizer.vocabulary[1:], "Zyzzyva,"], (*shape, WORDS))
            return np.array([" ".join(row) for row in words.reshape(-1, WORDS)]).reshape(shape)
        if known is None:
            raise InputError(
                f"input {ref.layer!r}: expected texts, which are drawn only where a layer looks them up: "
                "give some (--inputs)"
            )
        return np.asarray(random.choice(known, shape))
    dtype = np.dtype(named)
    if known is not None:
        return np.asarray(
            random.choice(known[known <= np.iinfo(dtype).max] if dtype.kind in "iu" else known, shape)
        )
    if dtype.kind in "iub":
        return random.integers(0, 2 if dtype.kind == "b" else 10, shape).astype(dtype)
    return random.standard_normal(shape, dtype=np.float32)


def _known(readers: Sequence[Layer]) -> Array | None:
    """The ids or the tokens that all the readers know; None where they read neither."""
    sizes = [size for reader in readers if (size := _table_size(reader)) is not None]
    known = np.arange(min(sizes), dtype=np.int32) if sizes else None
    for reader in readers:
        if isinstance(reader, IndexLookup) and not reader.invert and reader.index.tokens:
            tokens = np.array(reader.index.tokens)
            common = tokens if known is None else np.intersect1d(known, tokens)
            known = common if common.size else known  # what an index does not know often has an id too
    return known


def _table_size(reader: Layer) -> int | None:
    """How many ids the layer knows, from 0 on; None where it reads no ids."""
    if isinstance(reader, Embedding):
        return len(reader.W)
    if isinstance(reader, CategoryEncoding):
        return reader.num_tokens
    if isinstance(reader, IndexLookup) and reader.invert:
        return len(reader.get_vocabulary())
    return int(reader.options["num_classes"]) if isinstance(reader, CLASSES.OneHot) else None


def _follow(model: Model, tensors: set[TensorRef]) -> tuple[list[Layer], set[TensorRef]]:
    """The layers that look up what some tensors of a model hold, and all tensors that hold the same."""
    nodes = model.spec.nodes
    every = set(tensor_refs([[node.args for node in nodes], model.spec.outputs]))
    readers, held = [], set(tensors)
    for node in nodes:
        if held.isdisjoint(tensor_refs(node.args)):
            continue
        layer = model.layer(node.layer)
        layer = layer.layer if isinstance(layer, TimeDistributed) else layer
        if isinstance(layer, NestedModel):
            inputs = node.args[0] if isinstance(node.args[0], dict) else list(tensor_refs(node.args))
            pairs = zip(layer.model.spec.inputs, layer.listed(inputs), strict=True)
            inside, reached = _follow(layer.model, {ref for ref, given in pairs if given in held})
            readers += inside
            held |= {TensorRef(node.layer, node.index, n) for n, ref in enumerate(layer.outputs) if ref in reached}
        elif isinstance(layer, READERS):
            readers.append(layer)
        elif _moves(layer):
            held |= {ref for ref in every if ref[:2] == (node.layer, node.index)}
    return readers, held


def _moves(layer: Layer) -> bool:
    """Whether the layer gives out numbers (or texts) of its input."""
    if isinstance(layer, Operation):
        return type(layer).__name__ in MOVING_OPERATIONS
    return layer.bound in MOVING
