"""Load thousands of damaged model files of each kind: each loads or is refused by one typed error.

    python -m tests.keras_files.fuzz [--files 20000] [--formats archive keras2 ...] [--seed 0] [--page PAGE]

The files are loaded in a process of its own with a limit of memory; a crash, a hang over five seconds of
processor time, another error than `ScratchnnError`, and a changed model behind right checksums are failures. Each
is printed with its seed, and `--only SEED` repeats it in this process. `--page` writes the counts there (the times
say how busy the machine was, too).
`python -m tests.keras_files.guided` looks for the same failures where coverage leads it.
"""

import argparse
import mmap
import os
import platform
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from scratchnn import Model, ScratchnnError
from scratchnn.keras_files import read_model, read_weights
from tests.keras_files.mutations import mutated, samples

MEMORY = 4 << 30
SECONDS = 5.0
WAIT = 600.0  # seconds of the clock, which a busy machine may make a process wait
ENOUGH = 50  # failures, after which the format is given up
LARGEST = 1 << 20  # elements of a tensor in models that are run, too
ACCEPTED = ("unchanged", "changed")
# What may become of a file: it loads as the model that it was or as another one, or one of these errors.
OUTCOMES = (
    *ACCEPTED,
    *("ModelFileError", "UnsupportedError", "ConfigError", "WeightError", "InputError", "ModelFaults"),
)
PROGRESS = f"{1 + len(OUTCOMES)}q"  # the seed that is being loaded, and how often each outcome came before it

KINDS = {
    "archive": "`.keras` of Keras 3: a Dense layer",
    "graph": "`.keras` of Keras 3: a functional model, nested, with an LSTM and operations",
    "keras1": "`.h5` of Keras 1",
    "keras2": "`.h5` of Keras 2",
    "packed": "the same in newer structures of HDF5, compressed",
    "weights": "`.weights.h5` of Keras 3",
}


def content_of(model):
    """What a file says about a model: names, configs and every number."""
    return [
        (layer.class_name, layer.name, repr(layer.config), [weight.value.tobytes() for weight in layer.weights])
        + (tuple(map(repr, content_of(layer.model))) if layer.model else ())
        for layer in model.layers
    ]


class Trial:
    """The files of one format, damaged one after another."""

    def __init__(self, name, folder):
        self.name = name
        clean = folder / "clean"
        clean.mkdir(exist_ok=True)
        self.contents = samples(clean)
        self.content = self.contents[name]
        self.path = folder / f"damaged-{name}"
        self.architecture = read_model(clean / "keras2")
        self.expected = content_of(self.read(clean / name))

    def read(self, path):
        """The model of a file; a file of weights alone gives the arrays of a known one."""
        return read_weights(path, self.architecture) if self.name == "weights" else read_model(path)

    def run(self, seed):
        """Load the damaged file of that seed; its outcome, or what is wrong as text."""
        content, protected = mutated(self.name, self.content, seed)
        return self.judge(content, protected, seed)

    def judge(self, content, protected=False, seed=-1):
        """Load a file of that content; its outcome, or what is wrong as text."""
        self.path.write_bytes(content)
        try:
            break_on_purpose(seed)
            model = Model(self.read(self.path))
            outcome = ACCEPTED[content_of(model.spec) != self.expected]
            if protected and outcome == "changed":
                return "a changed model behind right checksums"
            self.call(model)
        except ScratchnnError as error:
            return type(error).__name__
        except BaseException:
            return traceback.format_exc()
        return outcome

    def call(self, model):
        """Run a model that is small enough."""
        shapes = [[n or 3 for n in shape] for shape in model.tensor_shapes]
        if max(map(np.prod, shapes)) > LARGEST or len(model.layers) > 50:
            return
        x = [np.ones([2, *(n or 3 for n in shape[1:])], np.float32) for shape in model.input_shapes]
        model.forward(x if len(x) > 1 else x[0])


def break_on_purpose(seed):
    """What the harness must see, where its own test asks for it."""
    if "SCRATCHNN_FUZZ_BREAK" not in os.environ:
        return
    match seed:
        case 0:
            raise ZeroDivisionError
        case 1:
            while True:
                pass
        case 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        case _:
            np.ones(MEMORY, np.uint8)


def work(name, folder, start, stop):
    """In the process of its own: load the files of these seeds, and note which one is being loaded."""
    trial = Trial(name, folder)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with (
        (folder / "progress").open("r+b") as file,
        mmap.mmap(file.fileno(), struct.calcsize(PROGRESS)) as progress,
    ):
        counts = dict.fromkeys(OUTCOMES, 0)
        for seed in range(start, stop):
            progress[:] = struct.pack(PROGRESS, seed, *counts.values())
            result = trial.run(seed)
            if result in counts:
                counts[result] += 1
            else:
                print(f"{name} {seed}: {result}", flush=True)
        progress[:] = struct.pack(PROGRESS, stop, *counts.values())


@dataclass(frozen=True)
class Result:
    """What became of the files of one format: the number of each outcome, the failures as texts, the time."""

    name: str
    counts: dict
    failures: list
    seconds: float

    @property
    def accepted(self):
        return sum(self.counts[outcome] for outcome in ACCEPTED)

    def __str__(self):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items() if count)
        files = sum(self.counts.values()) + len(self.failures)
        return f"{self.name}: {files} damaged files: {counts}, {len(self.failures)} failures, {self.seconds:.0f} s"


def fuzz(name, files, first):
    """Load all files of one format."""
    failures, counts, start, stop = [], np.zeros(len(OUTCOMES), int), first, first + files
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        progress = folder / "progress"
        while start < stop and len(failures) <= ENOUGH:
            progress.write_bytes(struct.pack(PROGRESS, start, *[0] * len(OUTCOMES)))
            arguments = ["--work", name, place, str(start), str(stop)]
            with (folder / "output").open("w") as said:
                command = [sys.executable, "-m", "tests.keras_files.fuzz", *arguments]
                process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
                hung = watch(process, progress)
            output = (folder / "output").read_text()
            done, *found = struct.unpack(PROGRESS, progress.read_bytes())
            counts += found
            failures += [part for part in output.split(f"{name} ") if ": " in part]
            if done < stop:
                what = "hangs" if hung else f"ends with {process.returncode}"
                failures.append(f"{done}: the process {what}\n{output[-2000:]}")
            start = done + 1
    return Result(name, dict(zip(OUTCOMES, counts.tolist(), strict=True)), failures, time.monotonic() - began)


def watch(process, progress):
    """Wait for the process; end it where one file takes too much processor time, or waits for something."""
    seed, since, began = None, 0.0, 0.0
    while process.poll() is None:
        time.sleep(0.1)
        now, used = struct.unpack_from("q", progress.read_bytes())[0], processor_seconds(process)
        if now != seed:
            seed, since, began = now, used, time.monotonic()
        elif used - since > SECONDS or time.monotonic() - began > WAIT:
            process.kill()
            process.wait()
            return True
    return False


def processor_seconds(process):
    """Processor time of a process so far, 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / 100


def page(results):
    """The counts as a page of the documentation."""
    rows = [
        f"| {KINDS[result.name]} | {sum(result.counts.values()) + len(result.failures):,} | "
        + " | ".join(f"{result.counts[outcome]:,}" for outcome in OUTCOMES)
        + f" | {len(result.failures)} | {result.seconds:.0f} s |"
        for result in results
    ]
    return "\n".join(
        [
            "# What damaged model files do",
            "",
            "Written by `tox -e fuzz -- --page docs/fuzzing.md`, with Python "
            f"{platform.python_version()}, h5py {h5py.__version__} and HDF5 {h5py.version.hdf5_version}.",
            "Each file is a valid one, damaged by a seed: bytes changed, moved, doubled or cut off, or values of",
            "its JSON replaced. A file that loads is run, too.",
            "",
            "A failure is a crash, a file that takes over five seconds of processor time or 4 GiB of memory,",
            "another error than scratchnn's own, or a changed model behind right checksums. 'unchanged' and",
            "'changed' count the files that load: as the model that was saved, or as another one, which a format",
            "without checksums cannot show. Each of the others is refused by one error.",
            "",
            "| kind of file | files | " + " | ".join(OUTCOMES) + " | failures | time |",
            "|---" * (len(OUTCOMES) + 4) + "|",
            *rows,
            "",
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=20_000, help="of each kind (default 20000)")
    parser.add_argument("--seed", type=int, default=0, help="the first one (default 0)")
    parser.add_argument("--formats", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--page", type=Path, help="write the counts there")
    parser.add_argument("--only", type=int, help="load the file of this seed in this process")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        name, folder, start, stop = options.work
        work(name, Path(folder), int(start), int(stop))
        return 0
    if options.only is not None:
        with tempfile.TemporaryDirectory() as place:
            print(Trial(options.formats[0], Path(place)).run(options.only))
        return 0
    results = []
    for name in options.formats:
        results.append(fuzz(name, options.files, options.seed))
        print(results[-1], flush=True)
    failures = [text for result in results for text in result.failures]
    print("\n".join(failures[:20]))
    if options.page is not None:
        options.page.write_text(page(results), encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
