"""Look for model files that break the reader where coverage leads: Atheris over all of scratchnn.

    python -m tests.keras_files.guided [--seconds 300] [--formats archive keras2 ...] [--seed 1]

Each kind of file of `tests.keras_files.fuzz` is fuzzed in a process of its own, with the same judgement and the
same limits of time and memory. It starts from the valid file and changes bytes as libFuzzer does, or members, JSON
and HDF5 attributes as `mutations` does. A file that fails is kept in `.fuzzing/<kind>`, and its name is printed;
`--only FILE` loads it again. Atheris: https://github.com/google/atheris
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["scratchnn"]):  # before anything else imports scratchnn
    from tests.keras_files.fuzz import KINDS, MEMORY, OUTCOMES, SECONDS, Trial
    from tests.keras_files.mutations import of_bytes, of_hdf5_config, of_members

KEPT = Path(".fuzzing")
LONGEST = 1 << 16  # bytes of a file


def changed(content, largest, seed):
    """A file with another change: libFuzzer's, or one that keeps archive and HDF5 intact."""
    source = random.Random(seed)
    changes = [lambda data, _: atheris.Mutate(data, largest), of_bytes]
    changes += [of_members] if content[:2] == b"PK" else [of_hdf5_config]
    try:
        return source.choice(changes)(content, source)[:largest]
    except Exception:  # a file that is no archive or HDF5 any more, or no JSON inside
        return atheris.Mutate(content, largest)


def work(name, folder, seconds, seed):
    """In the process of its own: never returns, libFuzzer ends it with 0 where nothing was found."""
    trial = Trial(name, folder)

    def one(data):
        result = trial.judge(data)
        if result not in OUTCOMES:
            raise AssertionError(result)

    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / name).write_bytes(trial.content)
    options = [f"-max_total_time={seconds}", f"-timeout={SECONDS:.0f}", f"-rss_limit_mb={MEMORY >> 20}"]
    options += [f"-artifact_prefix={KEPT / name}/", f"-seed={seed}", f"-max_len={LONGEST}", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, custom_mutator=changed)
    atheris.Fuzz()


def fuzz(name, seconds, seed):
    """Fuzz one kind of file; how many were tried, and what was found as text, or ""."""
    (KEPT / name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "tests.keras_files.guided", "--work", name, place]
        command += ["--seconds", str(seconds), "--seed", str(seed)]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
    tried = [line.split()[-1] for line in done.stdout.splitlines() if "number_of_executed_units" in line]
    return tried[0] if tried else "no", "" if done.returncode == 0 else done.stdout[-3000:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=300, help="for each kind of file (default 300)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--only", type=Path, help="load this file of the first of the formats in this process")
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], Path(options.work[1]), options.seconds, options.seed)
    if options.only is not None:
        with tempfile.TemporaryDirectory() as place:
            print(Trial(options.formats[0], Path(place)).judge(options.only.read_bytes()))
        return 0
    failed = False
    for name in options.formats:
        tried, found = fuzz(name, options.seconds, options.seed)
        print(
            f"{name}: {tried} files in {options.seconds} s, {'a failure:' if found else 'no failure'}", flush=True
        )
        print(found, end="\n" if found else "")
        failed |= bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
