"""Tables and plots from what was measured; the text says how, the numbers come from the JSON beside it."""

import statistics
from pathlib import Path
from typing import Any

OURS = "scratchnn"
# By threads and by processes.
PREDICT = ((OURS, "predict"), (OURS, "processes"))
ONNX = ("onnxruntime", "onnxruntime native")
# Column: the (peer, variant) pairs it may come from, of which the fastest counts.
COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "Keras `predict`": (("tensorflow", "predict"),),
    "`predict_on_batch`": (("tensorflow", "predict_on_batch"),),
    "tf.function": (("tensorflow", "tf.function"),),
    "ONNX Runtime": ((ONNX[0], "tf2onnx"), (ONNX[1], "native")),
    "torch": (("torch", "torch"),),
    "OpenVINO": (("openvino", "openvino"),),
}

# What is aimed at: (name, column, kinds of model, batches, least ratio).
TARGETS = (
    ("`predict_on_batch`, all", "`predict_on_batch`", ("CNN", "RNN", "LSTM"), (1, 32, 256, 1000), 1.0),
    ("tf.function, all", "tf.function", ("CNN", "RNN", "LSTM"), (1, 32, 256, 1000), 1.0),
    ("ONNX Runtime, CNN, batch 1", "ONNX Runtime", ("CNN",), (1,), 0.7),
    ("ONNX Runtime, recurrent, batch 1", "ONNX Runtime", ("RNN", "LSTM"), (1,), 0.45),
    ("ONNX Runtime, batch 32", "ONNX Runtime", ("CNN", "RNN", "LSTM"), (32,), 0.95),
    ("ONNX Runtime, batch 256 and 1000", "ONNX Runtime", ("CNN", "RNN", "LSTM"), (256, 1000), 1.1),
    ("ONNX Runtime, 7x7, batch 32 and up", "ONNX Runtime", ("7x7",), (32, 256, 1000), 3.0),
    ("torch, batch 32 and up", "torch", ("CNN", "RNN", "LSTM"), (32, 256, 1000), 1.0),
)

HOW = """# Benchmarks

Written by one command, `python -m benchmarks FOLDER` (in `tests/`, with `src` on the path, and the extra
`bench`); the numbers are in `benchmarks.json` beside this file. Every peer is a process of its own with two
threads and the same weights, and its output was compared with ours first. The peers take turns, A B C A B
C, 3 to {rounds} rounds, as many as the time allows; a time is the median of the rounds (calls under 20 ms are
repeated within a round and their median taken), a ratio is the median of peer time / our time within a round, with
the lowest and the highest round in brackets. **Above 1: scratchnn is faster.** scratchnn is the faster of two
threads and two processes (`workers=` of `predict`; batch 1 is one thread), ONNX Runtime the faster of tf2onnx's
export and ONNX's own recurrent operators.

Machine: {processor}, {cores} cores, load {load:.1f} when the run began; Python {python}, {packages}.
NumPy's OpenBLAS runs the kernels that it chooses by itself, {kernels}, and TensorFlow uses oneDNN: variables that
say otherwise are not passed on.

float32 matrix product of NumPy (GFLOP/s, median of 7, before and after the run): {rates}.
"""

LIMITS = """
## How to read it

The rates of the product before and after the run, and the load, tell whether other programs ran beside it. Cells
with few rounds and a wide spread say little about a few per cent.

The share "of sgemm" counts the multiplications of the layers as they are written, against one large product of
NumPy on two threads. It exceeds 100% where Fourier transforms do a convolution with fewer multiplications, where
a table replaces the first product of a recurrent model, and where products in small blocks run faster than a
large one (see `scratchnn.engine.products`). OpenVINO did not take all exports of recurrent models (–).

## What holds it back, and what is not built

- **CNNs with 3x3 kernels**: what the column "of sgemm" leaves is what a library in C keeps in registers and NumPy
  writes to memory: the windows of the convolution, pooling and activation. With AVX-512 the products take half of
  the time that they take with AVX2, and the rest as long as before. Most of it is left in the model with average
  pooling, whose activation comes before the pooling, on four times the numbers.
- **Winograd's F(2x2)** was built and taken out again: with AVX2 its products over 32 or 64 channels and the 48
  additions for each output took as long as the plain product (0 to 20% less with 128 channels), at twice the
  code. Along the height alone, with AVX-512, a second layer of 16, 32 or 64 channels takes 8, 17 and 23% less
  than the plain product on one thread with F(2, 3) and 11, 27 and 34% less with F(4, 3) (of 64 channels, images
  in tens go through Fourier transforms instead). On two threads, where its many short calls contend for the
  interpreter's lock, it is between as fast as the plain product and 20% faster; the check of the images, without
  which the bound would not hold, is not yet in these figures.
- **Large kernels, and 3x3 kernels over 64 channels or more**, go through Fourier transforms from 8 images up
  (`scratchnn.engine.fourier`). The first layer has too few channels for it, stays a plain product, and is then
  half of the time of the 7x7 models.
- **Batch 1 of CNNs** runs on one thread; a quarter to a third of the time is the price of some twenty calls of
  NumPy and of the Python around them.
- **Two threads** gain less than two times: the interpreter's lock is handed over at each call. Processes do not
  share it, and are the faster the shorter the calls: recurrent models gain, CNNs do not.
- **Batch 1** of recurrent models is the fixed price of NumPy calls: nine for a step of an LSTM in one direction
  or both, three for a SimpleRNN in one and four in both. A stack of SimpleRNN layers in one direction runs as a
  wave over its layers, five calls a diagonal; both directions cannot, since a layer has to be through before the
  next begins.
- **Recurrent models up to batch 128** run on one thread: a tile is 128 sequences, because calls that take a few
  microseconds contend for the interpreter's lock. Processes take tiles from 16 samples up.
"""


def write(result: dict[str, Any], docs: Path) -> None:
    """docs/benchmarks.md and its pictures."""
    index = {(e["model"], e["batch"], e["peer"], e["variant"]): e for e in result["times"]}
    parts = [_head(result), _ratios(result, index), _targets(index)]
    parts += [_loops(result), _resources(result), LIMITS, _pictures(result, index, docs)]
    (docs / "benchmarks.md").write_text("\n".join(parts).rstrip() + "\n")


def _head(result: dict[str, Any]) -> str:
    machine = result["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    after = result.get("sgemm after", result["sgemm"])
    rates = "; ".join(f"{name} {rate:.0f} and {after[name]:.0f}" for name, rate in result["sgemm"].items())
    return HOW.format(**{**machine, "packages": packages}, rounds=result["rounds"], rates=rates)


def _entry(index: dict[Any, Any], model: str, batch: int, pairs: Any) -> dict[str, Any] | None:
    """The fastest of some variants."""
    found = [index[model, batch, *pair] for pair in pairs if (model, batch, *pair) in index]
    return min(found, key=lambda entry: statistics.median(entry["seconds"])) if found else None


def ratio(ours: dict[str, Any], peer: dict[str, Any]) -> tuple[float, float, float]:
    """Median, lowest and highest of peer time / our time, round by round."""
    each = [theirs / mine for mine, theirs in zip(ours["seconds"], peer["seconds"], strict=True)]
    return statistics.median(each), min(each), max(each)


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _ratios(result: dict[str, Any], index: dict[Any, Any]) -> str:
    """Our time, its share of the product rate, and the ratios."""
    rate = max(result[when]["2 threads"] for when in ("sgemm", "sgemm after") if when in result) * 1e9
    lines = [
        "\n## Ratios\n",
        f"| model | batch | ms, threads | ms, processes | of sgemm | {' | '.join(COLUMNS)} |",
        "|---|---|---|---|---|" + "---|" * len(COLUMNS),
    ]
    for model, batch in dict.fromkeys((e["model"], e["batch"]) for e in result["times"]):
        mine = _entry(index, model, batch, PREDICT)
        if mine is None:
            continue
        seconds = statistics.median(mine["seconds"])
        times = [
            f"{statistics.median(index[model, batch, *pair]['seconds']) * 1e3:.2f}"
            if (model, batch, *pair) in index
            else "–"
            for pair in PREDICT
        ]
        share = 2 * mine["multiplications"] / seconds / rate
        cells = []
        for pairs in COLUMNS.values():
            peer = _entry(index, model, batch, pairs)
            if peer is None:
                cells.append("–")
                continue
            middle, low, high = ratio(mine, peer)
            cells.append(f"{_number(middle)} ({_number(low)}–{_number(high)})")
        lines.append(f"| {model} | {batch} | {' | '.join(times)} | {share:.0%} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _targets(index: dict[Any, Any]) -> str:
    """How many cells reach what is aimed at, and which do not."""
    lines = [
        "\n## What is aimed at\n",
        "| peer and models | ratio at least | reached | below |",
        "|---|---|---|---|",
    ]
    for name, column, kinds, batches, least in TARGETS:
        cells = [key[:2] for key in index if key[2:] == (OURS, "predict")]
        found = []
        for model, batch in cells:
            peer = _entry(index, model, batch, COLUMNS[column])
            if peer is not None and batch in batches and any(kind in model for kind in kinds):
                mine = _entry(index, model, batch, PREDICT)
                assert mine is not None  # by the choice of cells; for the type checker
                found.append((model, batch, ratio(mine, peer)[0]))
        below = [f"{model}, {batch}: {_number(value)}" for model, batch, value in found if value < least]
        reached = f"{len(found) - len(below)} of {len(found)}"
        lines.append(f"| {name} | {least} | {reached} | {'; '.join(below)} |")
    return "\n".join(lines)


def _loops(result: dict[str, Any]) -> str:
    """What the first loops of a student cost."""
    index = {(e["model"], e["batch"], e["peer"], e["variant"]): e for e in result.get("loops", [])}
    rows = []
    for (model, batch, peer, _), entry in index.items():
        if peer == "naive":
            mine, plain = (
                statistics.median(index[model, batch, OURS, v]["seconds"]) for v in ("predict", "forward")
            )
            loops = statistics.median(entry["seconds"])
            rows.append(
                f"| {model} | {loops * 1e3:.0f} | {plain * 1e3:.1f} | {mine * 1e3:.2f} | {loops / mine:,.0f} |"
            )
    if not rows:
        return ""
    return "\n".join(
        [
            "\n## Loops, layers, engine\n",
            "One sample, milliseconds: plain Python loops for the convolutions and pools (and the plain recurrent",
            "layers one sample at a time), `Model.forward`, and `Model.predict`.\n",
            "| model | loops | forward | predict | loops / predict |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def _resources(result: dict[str, Any]) -> str:
    if "many" not in result:  # the run was stopped before
        return ""
    cold = [f"| {e['peer']} | {e['seconds']:.2f} | {e['megabytes']:.0f} |" for e in result["cold"]]
    peaks = [f"| {e['peer']} | {e['loaded']:.0f} | {e['peak']:.0f} |" for e in result["peaks"]]
    many = result["many"]
    grown = many["after"] - many["before"]
    beyond = grown - many["output"] - many["input"]
    return "\n".join(
        [
            "\n## Cold start and memory\n",
            "From the start of a Python process to its end with one answer of BiLSTM 64 (median); ours is",
            "`scratchnn predict`:\n",
            "| peer | seconds | peak MB |",
            "|---|---|---|",
            *cold,
            "\nPeak memory of a process that loads CNN 32-64 and runs one batch of the largest size:\n",
            "| peer | MB loaded | MB peak |",
            "|---|---|---|",
            *peaks,
            f"\n`predict` of {many['count']:,} images ({many['input']:.0f} MB) from a memory-mapped .npy:",
            f"the peak grows by {grown:.0f} MB over that after 256 images. At most {many['input']:.0f} MB are",
            f"mapped pages of the input, {many['output']:.0f} MB the output: {max(beyond, 0):.0f} MB are beyond.",
        ]
    )


def _pictures(result: dict[str, Any], index: dict[Any, Any], docs: Path) -> str:
    """The ratios as a picture, and the ladders in log-log axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    models = list(dict.fromkeys(e["model"] for e in result["times"]))
    batches = sorted({e["batch"] for e in result["times"]})
    figure, axes = plt.subplots(
        1, len(batches), figsize=(3.6 * len(batches), 0.34 * len(models) + 1.6), sharex=True, sharey=True
    )
    for axis, batch in zip(axes if len(batches) > 1 else [axes], batches, strict=True):
        for place, (name, pairs) in enumerate(list(COLUMNS.items())[1:]):
            points = []
            for row, model in enumerate(models):
                mine, peer = (_entry(index, model, batch, each) for each in (PREDICT, pairs))
                if mine is not None and peer is not None:
                    points.append((ratio(mine, peer)[0], row))
            if points:
                axis.plot(*zip(*points, strict=True), "os^Dv"[place], label=name.strip("`"), alpha=0.8)
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_xscale("log")
        axis.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20], ["0.2", "0.5", "1", "2", "5", "10", "20"])
        axis.minorticks_off()
        axis.set_title(f"batch {batch}")
        axis.set_xlabel("peer time / our time")
        axis.grid(axis="y", linewidth=0.3)
    first = axes[0] if len(batches) > 1 else axes
    first.set_yticks(range(len(models)), models)
    first.invert_yaxis()
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, ncols=len(labels), loc="upper center")
    figure.tight_layout(rect=(0, 0, 1, 0.94))
    figure.savefig(docs / "benchmarks_ratios.png", dpi=80)
    plt.close(figure)
    ladders: dict[str, list[tuple[int, float, float]]] = {}
    for entry in result.get("scaling", []):
        time = statistics.median(entry["seconds"])
        ladders.setdefault(entry["ladder"], []).append((entry["x"], time, entry["multiplications"]))
    figure, grid = plt.subplots(2, 3, figsize=(11, 6))
    for axis, (name, points) in zip(grid.flat, ladders.items(), strict=False):
        x, seconds, work = zip(*points, strict=True)
        axis.loglog(x, [s * 1e3 for s in seconds], "o-", label="measured")
        scale = seconds[-1] / work[-1] * 1e3
        axis.loglog(x, [w * scale for w in work], "--", label="as the arithmetic grows")
        axis.set_title(name)
        axis.set_ylabel("ms")
        axis.set_xticks(x, [str(n) for n in x])
        axis.minorticks_off()
        axis.grid(linewidth=0.3)
    if ladders:
        grid.flat[0].legend()
    figure.tight_layout()
    figure.savefig(docs / "benchmarks_scaling.png", dpi=80)
    plt.close(figure)
    return "\n".join(
        [
            "\n## Pictures\n",
            "![Ratios](benchmarks_ratios.png)\n",
            "Time against size; the dashed line has the slope of the number of multiplications and meets the last",
            "point. Above it the fixed cost of calls shows.\n",
            "![Scaling](benchmarks_scaling.png)",
        ]
    )
