"""The command line: `python -m training_jobs list | run | regenerate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scratchnn.errors import ScratchnnError, UnknownNameError
from training_jobs import experiments
from training_jobs.run_store import default_root, finished_runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 2 it could not be done (with the reason)."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except ScratchnnError as error:
        print(f"training_jobs: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("training_jobs: stopped; run the same command again to go on", file=sys.stderr)
        return 130


def entry_point() -> None:
    """Leave the process with the exit code of `main`."""
    sys.exit(main())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training_jobs", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="name every variation, and how many seeds are trained")
    listing.set_defaults(command=_list)
    run = commands.add_parser("run", help="train variations; finished runs are skipped")
    run.add_argument("names", nargs="+", metavar="NAME", help="a variation, or: report, masked, all")
    run.add_argument("--seeds", type=_seeds, default=(0, 1, 2), metavar="S,S…", help="default 0,1,2")
    run.add_argument("--jobs", type=int, default=1, metavar="N", help="worker processes (default 1)")
    run.set_defaults(command=_run)
    regenerate = commands.add_parser("regenerate", help="make golden models anew from runs of seed 0")
    regenerate.add_argument("names", nargs="+", metavar="NAME")
    regenerate.add_argument("--golden", type=Path, default=Path("golden"), metavar="DIR")
    regenerate.set_defaults(command=_regenerate)
    for command in (run, regenerate):
        command.add_argument("--data", type=Path, metavar="DIR", help="default: SCRATCHNN_DATA")
    for command in (listing, run, regenerate):
        command.add_argument("--runs", type=Path, default=default_root(), metavar="DIR")
    return parser


def _seeds(text: str) -> tuple[int, ...]:
    try:
        seeds = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers as 0,1,2, received {text!r}") from None
    if min(seeds) < 0:
        raise argparse.ArgumentTypeError(f"expected seeds of 0 or more, received {text!r}")
    return tuple(dict.fromkeys(seeds))


def _chosen(names: Sequence[str]) -> list[experiments.Variation]:
    """Return the variations of these names, where `report`, `masked` and `all` name groups."""
    report = list(experiments.report_variations())
    every = list(experiments.variations())
    groups = {"report": report, "all": every, "masked": [name for name in every if name not in report]}
    return experiments.find(name for given in names for name in groups.get(given, [given]))


def _list(options: argparse.Namespace) -> int:
    for variation in experiments.variations().values():
        rows = [f"{row.experiment}: {row.label}" for row in experiments.ROWS if row.variation == variation]
        seeds = [str(run.record()["seed"]) for run in finished_runs(variation, options.runs)]
        trained = f"seeds {','.join(seeds)}" if seeds else "not trained"
        print(f"{variation.name:24} {trained:16} {'; '.join(rows)}".rstrip())
    return 0


def _run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from training_jobs.jobs import Job, do_jobs

    if options.jobs < 1:
        raise UnknownNameError(f"--jobs: expected 1 or more, received {options.jobs}")
    chosen = _chosen(options.names)
    jobs = [Job(v, seed, options.data, options.runs) for v in chosen for seed in options.seeds]
    for run in tqdm(do_jobs(jobs, options.jobs), total=len(jobs), unit="run", desc="training"):
        record = run.record()
        test = record["test"]
        tqdm.write(
            f"{record['name']} seed {record['seed']}: test accuracy {test['accuracy']:.4f}, "
            f"macro-F1 {test['macro_f1']:.4f}, {record['seconds']:.0f} s"
        )
    return 0


def _regenerate(options: argparse.Namespace) -> int:
    from training_jobs.goldens import GOLDEN_SEED, write_golden
    from training_jobs.jobs import Job, cached_data, do_job
    from training_jobs.manifest import write_manifest

    for variation in _chosen(options.names):
        run = do_job(Job(variation, GOLDEN_SEED, options.data, options.runs))
        write_golden(run, cached_data(variation.dataset, options.data), options.golden / variation.name)
        write_manifest(options.golden)
        print(f"wrote {options.golden / variation.name}")
    return 0
