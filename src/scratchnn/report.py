"""The verdicts of `verify` for a reader: a table in the terminal, or JSON."""

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from .outputs import OutputResult
from .verify import Verification


def print_verification(result: Verification, console: Console) -> None:
    """Print the table and the verdict of one model."""
    if result.error is None:
        console.print(_layer_table(result))
        for output in result.outputs:
            _print_output(output, console)
        console.print(
            f"time of one run: Keras {1000 * result.keras_seconds:.1f} ms, "
            f"scratchnn {1000 * result.scratch_seconds:.1f} ms"
        )
        for note in result.notes:
            console.print(f"note: {note}")
    console.print(verdict(result), style=("green", "bold red", "bold yellow")[result.exit_code], soft_wrap=True)


def print_summary(results: Sequence[Verification], console: Console) -> None:
    """Print how many models agree, disagree and could not be judged."""
    counts = [sum(result.exit_code == code for result in results) for code in (0, 1, 2)]
    words = ("agree", "disagree", "could not be judged")
    parts = [f"{count} {word}" for count, word in zip(counts, words, strict=True) if count]
    console.print(f"{len(results)} models: {', '.join(parts)}")


def verdict(result: Verification) -> str:
    """The one line that says it all."""
    if result.error is not None:
        return f"NOT JUDGED: {result.path}: {result.error}"
    wrong = result.first_wrong
    if wrong is not None:
        where = f"first at layer {wrong.class_name} {wrong.name!r}"
        return f"DISAGREES: {result.path}: {where}: {wrong.agreement.verdict}; {wrong.agreement}"
    if not result.agrees:
        output = next(output for output in result.outputs if not output.agrees)
        return f"DISAGREES: {result.path}: {output.what}: {_output_text(output)}"
    worst = max((layer.agreement.ratio for layer in result.layers), default=0.0)
    return f"AGREES: {result.path}: all {len(result.layers)} layers within {worst:.3f} of their bounds"


def _layer_table(result: Verification) -> Table:
    table = Table(title=str(result.path), title_justify="left")
    for name in ("layer", "class"):
        table.add_column(name, overflow="fold")
    for name in ("largest error", "error / bound"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for layer in result.layers:
        agreement = layer.agreement
        style = None if agreement.agrees else "bold red"
        table.add_row(
            layer.name,
            layer.class_name,
            f"{agreement.max_error:.2e}",
            f"{agreement.ratio:.3f}",
            str(agreement.verdict),
            style=style,
        )
    return table


def _print_output(output: OutputResult, console: Console) -> None:
    console.print(f"{output.what}, {output.samples} samples: {_output_text(output)}", soft_wrap=True)
    if output.reports is not None:
        for side, text in zip(("Keras", "scratchnn"), output.reports, strict=True):
            console.print(f"classification report, {side}:\n{text}", highlight=False)


def _output_text(output: OutputResult) -> str:
    parts = [f"largest error {output.max_error:.2e}, {output.ratio:.3f} of what float32 may do to this model"]
    if output.label_agreement is not None:
        parts.append(f"label agreement {output.label_agreement:.4f}")
    if output.macro_f1 is not None:
        keras, scratch = output.macro_f1
        parts.append(f"macro-F1 Keras {keras:.4f}, scratchnn {scratch:.4f}, difference {abs(keras - scratch):.6f}")
    return "; ".join(parts)


def as_json(results: Sequence[Verification]) -> dict[str, Any]:
    """All results as JSON data."""
    return {"models": [_model_json(result) for result in results], "exit_code": exit_code(results)}


def exit_code(results: Sequence[Verification]) -> int:
    """1 if any model disagrees, else 2 if any could not be judged, else 0."""
    codes = {result.exit_code for result in results}
    return 1 if 1 in codes else max(codes, default=2)


def _number(value: float) -> float | str:
    """The number, or the text "inf" or "nan", which JSON has no numbers for."""
    return value if math.isfinite(value) else str(value)


def _model_json(result: Verification) -> dict[str, Any]:
    wrong = result.first_wrong
    return {
        "model": str(result.path),
        "verdict": ("agrees", "disagrees", "not judged")[result.exit_code],
        "message": verdict(result),
        "first_wrong_layer": None if wrong is None else wrong.name,
        "layers": [
            {**layer.agreement.as_dict(), "layer": layer.name, "class": layer.class_name}
            for layer in result.layers
        ],
        "outputs": [
            {
                "what": output.what,
                "samples": output.samples,
                "max_error": _number(output.max_error),
                "ratio": _number(output.ratio),
                "label_agreement": output.label_agreement,
                "macro_f1": output.macro_f1,
            }
            for output in result.outputs
        ],
        "keras_seconds": result.keras_seconds,
        "scratch_seconds": result.scratch_seconds,
        "notes": list(result.notes),
    }
