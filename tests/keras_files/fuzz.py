"""Load thousands of damaged model files of each format: each loads or is refused by one typed error.

    python -m tests.keras_files.fuzz [--files 20000] [--formats archive keras2 ...] [--seed 0]

The files are loaded in a process of its own with a limit of memory; a crash, a hang over five seconds of
processor time, another error than `ScratchnnError`, and a changed model behind right checksums are failures. Each
is printed with its seed, and `--only SEED` repeats it in this process.
"""

import argparse
import mmap
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

from scratchnn import Model, ScratchnnError
from scratchnn.keras_files import read_model, read_weights
from tests.keras_files.mutations import mutated, samples

MEMORY = 4 << 30
SECONDS = 5.0
ENOUGH = 50  # failures, after which the format is given up
LARGEST = 1 << 20  # elements of a tensor in models that are run, too


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
        self.expected = None if name == "weights" else content_of(read_model(clean / name))

    def run(self, seed):
        """Load one file; whether it was accepted, or what is wrong as text."""
        content, protected = mutated(self.name, self.content, seed)
        self.path.write_bytes(content)
        try:
            break_on_purpose(seed)
            if self.name == "weights":
                model = Model(read_weights(self.path, self.architecture))
            else:
                model = Model(read_model(self.path))
            if protected and content_of(model.spec) != self.expected:
                return "a changed model behind right checksums"
            self.call(model)
        except ScratchnnError:
            return False
        except BaseException:
            return traceback.format_exc()
        return True

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
    with (folder / "progress").open("r+b") as file, mmap.mmap(file.fileno(), 16) as progress:
        accepted = 0
        for seed in range(start, stop):
            progress[:] = struct.pack("qq", seed, accepted)
            result = trial.run(seed)
            if isinstance(result, str):
                print(f"{name} {seed}: {result}", flush=True)
            accepted += result is True
        progress[:] = struct.pack("qq", stop, accepted)


def fuzz(name, files, first, report=print):
    """All files of one format; the failures as texts, and how many files were accepted."""
    failures, accepted, start, stop = [], 0, first, first + files
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        progress = folder / "progress"
        while start < stop:
            progress.write_bytes(struct.pack("qq", start, 0))
            command = [
                sys.executable,
                "-m",
                "tests.keras_files.fuzz",
                "--work",
                name,
                place,
                str(start),
                str(stop),
            ]
            with (folder / "output").open("w") as said:
                process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
                hung = watch(process, progress)
            output = (folder / "output").read_text()
            done, fine = struct.unpack("qq", progress.read_bytes())
            accepted += fine
            failures += [part for part in output.split(f"{name} ") if ": " in part]
            if done < stop:
                what = "hangs" if hung else f"ends with {process.returncode}"
                failures.append(f"{done}: the process {what}\n{output[-2000:]}")
            start = done + 1 if done < stop else stop
            if len(failures) > ENOUGH:
                break
    report(
        f"{name}: {files} damaged files, {accepted} accepted, {files - accepted} refused, {len(failures)} failures"
    )
    return failures, accepted


def watch(process, progress):
    """Wait for the process; end it where one file takes too much processor time."""
    seed, since = None, processor_seconds(process)
    while process.poll() is None:
        time.sleep(0.1)
        now, used = struct.unpack("qq", progress.read_bytes())[0], processor_seconds(process)
        if now != seed:
            seed, since = now, used
        elif used - since > SECONDS:
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--formats", nargs="*")
    parser.add_argument("--only", type=int, help="load the file of this seed in this process")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        name, folder, start, stop = options.work
        work(name, Path(folder), int(start), int(stop))
        return 0
    with tempfile.TemporaryDirectory() as place:
        names = options.formats or list(samples(Path(place)))
    if options.only is not None:
        with tempfile.TemporaryDirectory() as place:
            print(Trial(names[0], Path(place)).run(options.only))
        return 0
    failures = [text for name in names for text in fuzz(name, options.files, options.seed)[0]]
    print("\n".join(failures[:20]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
