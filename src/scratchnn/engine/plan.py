"""A model as a plan: compiled once, run for any batch, tile by tile, by any number of threads."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..layers.base import Array, Layer
from ..spec import Shape
from .blas import one_blas_thread
from .chain import Chains
from .rules import fuse
from .steps import FLOAT32, PlainStep, Step, Values, Workspace
from .tiles import available_cores, run_tiles

if TYPE_CHECKING:
    from ..models.graph import Model
    from .processes import WorkerProcesses

# Bytes that the largest tensor of a tile may take: a few of them fit in a cache, and a plan stays small.
TILE_BYTES = 16 * 2**20

# An image that is convolved unfolds into more than it was; for sizes that the model leaves open.
GROWTH = 16

# Samples that are still worth a process of their own: handing them over takes some 100 microseconds.
LEAST_FOR_A_PROCESS = 16

# Tiles that a batch is cut into where they would be smaller than steps like them.
FEW_TILES = 4

# Workspaces that are kept for the next call: one for each thread and shape of a tile, as a rule.
KEPT_WORKSPACES = 8


def compile_model(model: "Model") -> "Plan":
    """The plan of a model: every layer is in exactly one step."""
    if _is_stateful(model) or model.mixes_samples:
        return Plan(model, [PlainStep(model, node) for node in model.spec.nodes], whole=True)
    chains, steps, done = Chains(model), list[Step](), set[tuple[str, int]]()
    for node in model.spec.nodes:
        if (node.layer, node.index) in done:
            continue
        step = fuse(model, len(steps), list(chains.from_node(node)))
        if step is None:
            steps.append(PlainStep(model, node))
        else:
            steps.append(step)
            done.update((link.node.layer, link.node.index) for link in step.links)
    return Plan(model, steps)


# A number for every plan of this process.
_numbers = count()


class Plan:
    """The steps of a model. It may run in several threads at once: each borrows a workspace of its own.

    Args:
        model: the model.
        steps: what to run, in order.
        whole: whether the samples stay together (unless `batch_size` parts them) and in one thread, because layers
            remember what they saw.

    Attributes:
        number: of this plan in this process.
    """

    def __init__(self, model: "Model", steps: list[Step], whole: bool = False) -> None:
        self.steps, self._whole, self._model, self.number = steps, whole, model, next(_numbers)
        self._inputs, self._outputs, self._name = model.spec.inputs, model.spec.outputs, model.name
        self._compiled = [(layer, list(vars(layer).values())) for layer in _all_layers(model.layers)]
        self._identities = [list(map(id, held)) for _, held in self._compiled]
        self._preferred = min((step.tile for step in steps), default=PlainStep.tile)
        self._least = min((step.least for step in steps), default=PlainStep.least)
        plain = [step.layer for step in steps if isinstance(step, PlainStep)]
        widest = max((np.dtype(layer.dtype).itemsize for layer in plain), default=FLOAT32.itemsize)
        self._sample_bytes = _largest(model.tensor_shapes) * widest * _most_taps(plain)
        self._workspaces: deque[tuple[Any, Workspace]] = deque(maxlen=KEPT_WORKSPACES)

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle holds the model, and the plan is made again."""
        return compile_model, (self._model,)

    def is_current(self) -> bool:
        """Whether no layer has got other weights or options since the plan was made.

        It compares which objects the layers hold; writing into an array of weights in place is not seen.
        """
        return self._identities == [list(map(id, vars(layer).values())) for layer, _ in self._compiled]

    def predict(
        self, values: Values, batch_size: int | None = None, workers: "int | WorkerProcesses | None" = None
    ) -> list[Array]:
        """The model's outputs for checked inputs.

        How the samples are cut into tiles does not depend on the number of workers, nor do the results.

        Args:
            values: the input arrays by tensor, of as many samples each.
            batch_size: samples that are worked on at a time, at most.
            workers: threads, at most, or processes; None means as many threads as there are cores.

        Returns:
            One array (samples, ...) for each output.

        Raises:
            InputError: values that a layer does not take, or a batch size or number of workers below 1.
            WorkerError: processes that have ended.
        """
        threads, processes = self._threads_or_processes(workers)
        for what, number in (("batch_size", batch_size), ("workers", threads)):
            if number is not None and not (isinstance(number, int | np.integer) and number >= 1):
                raise InputError(f"Model {self._name!r}: {what}: expected 1 or more, got {number!r}")
        inputs = [values[ref] for ref in self._inputs]
        samples = len(inputs[0])
        tile = self.tile_size(values, batch_size, by_processes=processes is not None)
        outputs = (_Parts if self._whole else _Outputs)(samples, len(self._outputs))

        def part(place: int) -> list[Array]:
            return [array[place * tile : (place + 1) * tile] for array in inputs]

        def store(place: int, arrays: Sequence[Array]) -> None:
            for output, array in enumerate(arrays):
                outputs.store(output, place * tile, array)

        def work(place: int) -> None:
            self.run(part(place), lambda arrays: store(place, arrays))

        tiles = -(-samples // tile)
        with one_blas_thread():
            if processes is None:
                run_tiles(work, tiles, 1 if self._whole else threads or available_cores())
            else:
                processes.run(self, tiles, part, work, store)
        return outputs.arrays

    def _threads_or_processes(self, workers: Any) -> "tuple[int | None, WorkerProcesses | None]":
        """Which of the two is given; neither are processes for samples that stay together.

        Raises:
            InputError: something else.
        """
        if workers is None or isinstance(workers, int | np.integer):
            return None if workers is None else int(workers), None
        from .processes import WorkerProcesses  # late: nobody else needs `multiprocessing`

        if not isinstance(workers, WorkerProcesses):
            expected = "a number of threads or WorkerProcesses"
            raise InputError(f"Model {self._name!r}: workers: expected {expected}, got {workers!r}")
        return None, None if self._whole else workers

    def tile_size(self, values: Values, batch_size: int | None = None, by_processes: bool = False) -> int:
        """Samples of a tile: what the steps like, within `batch_size` and the limit of memory.

        A small batch is cut into smaller tiles, so that there are some for several threads, or for several
        processes, for which they may be smaller.
        """
        samples = len(next(iter(values.values())))
        if self._whole:
            return batch_size or samples
        given = max(GROWTH * value[:1].nbytes for value in values.values())
        fitting = max(1, TILE_BYTES // max(self._sample_bytes, given, 1))
        least = min(self._least, LEAST_FOR_A_PROCESS) if by_processes else self._least
        shared = max(least, -(-samples // FEW_TILES))
        return min(self._preferred, shared, fitting, batch_size or fitting)

    def run(self, inputs: Sequence[Array], store: Callable[[Sequence[Array]], None]) -> None:
        """Run all steps on one tile.

        Args:
            inputs: the samples of the tile, an array for each input.
            store: takes an array for each output, which are good until it returns.
        """
        shapes = tuple(array.shape for array in inputs)
        workspace = self._borrow(shapes)
        values, masks = dict(zip(self._inputs, inputs, strict=True)), Values()
        with np.errstate(all="ignore"):  # what overflows is infinite, as in Keras
            for step in self.steps:
                step.run(values, masks, workspace)
        store([values[ref] for ref in self._outputs])
        self._workspaces.append((shapes, workspace))

    def _borrow(self, shapes: Any) -> Workspace:
        """A workspace that served tiles of this shape and that nobody uses now, or a new one."""
        for _ in range(len(self._workspaces)):
            try:
                known, workspace = self._workspaces.popleft()
            except IndexError:  # another thread took the last one
                break
            if known == shapes:
                return workspace
            self._workspaces.append((known, workspace))
        return {}


class _Outputs:
    """The arrays of all samples; each is made when the first tile shows its shape."""

    def __init__(self, samples: int, count: int) -> None:
        self._samples = samples
        self._arrays: dict[int, Array] = {}
        self._count = count

    def store(self, place: int, start: int, tile: Array) -> None:
        """Copy a tile of output number `place` to its samples."""
        array = self._arrays.get(place)
        if array is None:  # of two threads that come here at once, one array wins
            made = np.empty((self._samples, *tile.shape[1:]), tile.dtype)
            array = self._arrays.setdefault(place, made)
        array[start : start + len(tile)] = tile

    @property
    def arrays(self) -> list[Array]:
        """The filled arrays, in the order of the outputs."""
        return [self._arrays[place] for place in range(self._count)]


class _Parts(_Outputs):
    """The same where batches come one after the other, and may give another number of rows than they have."""

    def __init__(self, samples: int, count: int) -> None:
        super().__init__(samples, count)
        self._parts: list[list[Array]] = [[] for _ in range(count)]

    def store(self, place: int, start: int, tile: Array) -> None:
        """Keep the output of a batch."""
        self._parts[place].append(np.array(tile))

    @property
    def arrays(self) -> list[Array]:
        """The outputs of all batches behind each other, as Keras's `predict` has them."""
        return [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in self._parts]


def _all_layers(layers: list[Layer]) -> list[Layer]:
    """The layers and all layers inside them."""
    return [each for layer in layers for each in (layer, *_all_layers(list(layer.sublayers().values())))]


def _is_stateful(model: "Model") -> bool:
    """Whether a layer starts from the states of the call before."""
    return any(getattr(layer, "stateful", False) for layer in _all_layers(model.layers))


def _largest(shapes: list[Shape]) -> int:
    """Elements of the largest sample of these shapes, where an open size counts as 1."""
    return max((math.prod(n or 1 for n in shape[1:]) for shape in shapes), default=1)


def _most_taps(layers: list[Layer]) -> int:
    """How many copies of its input a plain convolution unfolds, one for each tap of its kernel; 1 without any."""
    return max((math.prod(getattr(layer, "kernel_size", ())) for layer in layers), default=1)
