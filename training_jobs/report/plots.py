"""Loss and accuracy curves of one experiment: one column a variation, one thin line a seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training_jobs.report.results import Result

_MEASURES = (("loss", "loss"), ("accuracy", "accuracy"))
# Told apart by colour-blind readers, and in grey by the dashes.
_SPLITS = (("", "training", "#0072b2", "--"), ("val_", "validation", "#d55e00", "-"))


def plot_curves(results: Sequence[Result], title: str, path: Path) -> None:
    """Draw training and validation curves of all seeds into a PNG file."""
    import matplotlib

    matplotlib.use("Agg")  # writes files; needs no screen
    from matplotlib import pyplot

    columns = len(results)
    figure, axes = pyplot.subplots(
        2, columns, figsize=(1.2 + 2.9 * columns, 5), sharex="col", sharey="row", squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for column, result in enumerate(results):
        axes[0][column].set_title(result.label)
        axes[1][column].set_xlabel("epoch")
        for row, (measure, name) in enumerate(_MEASURES):
            _draw(axes[row][column], result, measure)
            axes[row][0].set_ylabel(name)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.suptitle(title[0].upper() + title[1:])
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def _draw(axes: Any, result: Result, measure: str) -> None:
    from matplotlib.ticker import MaxNLocator

    for prefix, name, colour, style in _SPLITS:
        histories = [history for history in result.histories if prefix + measure in history]
        for number, history in enumerate(histories):
            label = name if number == 0 else None
            marker = "o" if len(history["epoch"]) < 4 else None
            axes.plot(
                history["epoch"], history[prefix + measure], style,
                color=colour, marker=marker, markersize=3, linewidth=1, alpha=0.8, label=label,
            )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
