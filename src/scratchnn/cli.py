"""The command line: `scratchnn predict | inspect | verify`."""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.lib.format import open_memmap

from . import __version__
from .errors import DependencyError, InputError, ScratchnnError
from .files import Array, load_inputs, replacing
from .golden import is_golden
from .models.graph import load_model

# Rows that `predict` reads, computes and writes at a time.
CHUNK = 1024
BY_NAME = "a .npz file with one array for each input, by its name"
MODEL_SUFFIXES = (".keras", ".h5", ".hdf5")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 done, 1 a model disagrees with Keras, 2 it could not be done (the reason goes to standard error).
    """
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a file says may have no place in the terminal's encoding
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(options.command(options))
    except ScratchnnError as error:
        print(f"scratchnn: {error}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(f"scratchnn: not enough memory: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("scratchnn: stopped", file=sys.stderr)
        return 130


def entry_point() -> None:
    """Leave the process with the exit code of `main`."""
    sys.exit(main())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scratchnn", description="Trained Keras models in NumPy alone.")
    parser.add_argument("--version", action="version", version=f"scratchnn {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    predict = commands.add_parser("predict", help="run a model on the rows of a .npy or .npz file")
    predict.add_argument("model", type=Path, metavar="MODEL", help=".keras or .h5 file")
    predict.add_argument("input", type=Path, metavar="INPUT.npy", help=f"what to run it on, or {BY_NAME}")
    predict.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.npy")
    predict.add_argument("--batch-size", type=int, metavar="N", help="samples that are worked on at a time")
    predict.set_defaults(command=_predict)

    inspect = commands.add_parser("inspect", help="show the layers, shapes and parameters of a model")
    inspect.add_argument("model", type=Path, metavar="MODEL")
    inspect.set_defaults(command=_inspect)

    verify = commands.add_parser(
        "verify",
        help="compare models with Keras, layer by layer",
        description="Exit code 0: all agree; 1: a disagreement; 2: something could not be judged.",
    )
    verify.add_argument(
        "models", nargs="+", type=Path, metavar="MODEL", help="a model file, a golden folder, or a folder of them"
    )
    verify.add_argument(
        "--inputs", type=Path, metavar="X.npy", help=f"what to run both on, or {BY_NAME} (default: drawn)"
    )
    verify.add_argument("--samples", type=int, default=32, metavar="N", help="how many to draw (default 32)")
    verify.add_argument("--seed", type=_seed, default=0, metavar="S", help="of the drawn samples (default 0)")
    verify.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    verify.set_defaults(command=_verify)
    return parser


def _seed(text: str) -> int:
    """A seed, as NumPy takes it.

    Raises:
        ArgumentTypeError: anything but a whole number from 0 up.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 up, got {text!r}")
    return int(text)


def _predict(options: argparse.Namespace) -> int:
    """Stream the rows of the input through the model into the output file."""
    model = load_model(options.model)
    if len(model.output_shapes) > 1:
        raise InputError(
            f"{options.model}: predict takes models with one output, this one has {len(model.output_shapes)}; "
            "use scratchnn.load_model in Python"
        )
    inputs = load_inputs(options.input)
    count = _count_rows(options.input, inputs if isinstance(inputs, dict) else {"": inputs})

    def predicted(start: int) -> Array:
        output = model.predict(_chunk(inputs, start), options.batch_size)
        return next(iter(output.values())) if isinstance(output, dict) else output

    first = predicted(0)
    with replacing(options.output) as temporary:
        out = open_memmap(temporary, mode="w+", dtype=first.dtype, shape=(count, *first.shape[1:]))
        out[:CHUNK] = first
        for start in range(CHUNK, count, CHUNK):
            out[start : start + CHUNK] = predicted(start)
        out.flush()
    return 0


def _count_rows(path: Path, inputs: dict[str, Array]) -> int:
    """The number of rows that all inputs have.

    Raises:
        InputError: one has none, or they have unequal numbers.
    """
    for array in inputs.values():
        if array.ndim == 0 or len(array) == 0:
            raise InputError(f"{path}: expected one row or more, got shape {array.shape}")
    counts = {name: len(array) for name, array in inputs.items()}
    if len(set(counts.values())) != 1:
        raise InputError(f"{path}: expected as many rows for each input, got {counts}")
    return next(iter(counts.values()))


def _chunk(inputs: Array | dict[str, Array], start: int) -> Any:
    """A chunk of the rows of each input."""
    if isinstance(inputs, dict):
        return {name: array[start : start + CHUNK] for name, array in inputs.items()}
    return inputs[start : start + CHUNK]


def _inspect(options: argparse.Namespace) -> int:
    print(load_model(options.model).summary())
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Verify each model; print a table and a verdict for each, with progress while they run."""
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError as error:
        raise DependencyError(f"verify needs Keras ({error}): pip install 'scratchnn[keras,report]'") from error
    from . import report, verify
    from .oracle import import_keras

    import_keras()
    inputs = None if options.inputs is None else load_inputs(options.inputs)
    data = os.environ.get("SCRATCHNN_DATA")
    console, results = Console(), []
    for path in _find_models(options.models):
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(str(path), total=1)
            result = verify.verify(
                path,
                inputs,
                options.samples,
                options.seed,
                Path(data) if data else None,
                lambda what, share, task=task, path=path, bar=bar: bar.update(  # type: ignore[misc]
                    task, description=f"{path}: {what}", completed=share
                ),
            )
        report.print_verification(result, console)
        results.append(result)
    if len(results) > 1:
        report.print_summary(results, console)
    if options.json is not None:
        with replacing(options.json) as temporary:
            temporary.write_text(json.dumps(report.as_json(results), indent=2) + "\n", encoding="utf-8")
    return report.exit_code(results)


def _find_models(paths: Sequence[Path]) -> list[Path]:
    """Model files and golden folders, as given or inside the folders that are given.

    Raises:
        InputError: a folder has neither.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir() or is_golden(path):
            found.append(path)
            continue
        inside = sorted(p for p in path.iterdir() if is_golden(p) or p.suffix in MODEL_SUFFIXES)
        if not inside:
            raise InputError(f"{path}: expected model files or golden folders, found none")
        found += inside
    return found
