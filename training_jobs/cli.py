"""The command line: `python -m training_jobs list | run | search | record | regenerate | report`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from scratchnn.datasets import LABELS, DatasetName
from scratchnn.errors import ScratchnnError, UnknownNameError
from training_jobs import experiments
from training_jobs.download import ensure_data
from training_jobs.jobs import ENVIRONMENT, Job, do_jobs, do_jobs_on_dask
from training_jobs.records import DEFAULT_RECORDS, keep_records
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
    """Leave the process with the exit code of `main`.

    The process starts itself again where its environment is not the one that training needs: the
    memory allocator reads it at the start only.
    """
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **ENVIRONMENT})
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
    run.add_argument("--backend", choices=("joblib", "dask"), default="joblib")
    run.add_argument("--scheduler", metavar="ADDRESS", help="of the Dask cluster, e.g. tcp://10.0.0.1:8786")
    run.set_defaults(command=_run)
    searching = commands.add_parser("search", help="search for the best settings, judged by validating rows alone")
    searching.add_argument("family", choices=get_args(experiments.Family))
    searching.add_argument("--trials", type=int, default=20, metavar="N", help="default 20")
    searching.set_defaults(command=_search)
    regenerate = commands.add_parser("regenerate", help="make goldens anew, print the drift, replace them")
    regenerate.add_argument("names", nargs="*", metavar="NAME", help="default: every golden there is")
    regenerate.add_argument("--yes", action="store_true", help="replace without asking")
    regenerate.set_defaults(command=_regenerate)
    recording = commands.add_parser("record", help="keep the records of the finished runs, for the report")
    recording.set_defaults(command=_record)
    report = commands.add_parser("report", help="write the replication report (Markdown, HTML, plots)")
    report.add_argument("--out", type=Path, default=Path("docs/replication"), metavar="DIR")
    report.set_defaults(command=_report)
    for command in (regenerate, report):
        command.add_argument("--golden", type=Path, default=Path("golden"), metavar="DIR")
    for command in (recording, report):
        command.add_argument("--records", type=Path, default=DEFAULT_RECORDS, metavar="DIR")
    for command in (run, searching, regenerate, report):
        command.add_argument("--data", type=Path, metavar="DIR", help="default: SCRATCHNN_DATA, else downloaded")
    for command in (listing, run, searching, recording, regenerate):
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
    from training_jobs.progress import progress_bar

    if options.jobs < 1:
        raise UnknownNameError(f"--jobs: expected 1 or more, received {options.jobs}")
    if options.backend == "dask" and options.scheduler is None:
        raise UnknownNameError("--backend dask: expected --scheduler ADDRESS, received none")
    chosen = _chosen(options.names)
    data = _data(options, {variation.dataset for variation in chosen})
    jobs = [Job(variation, seed, data, options.runs.absolute()) for variation in chosen for seed in options.seeds]
    on_dask = options.backend == "dask"
    finished = do_jobs_on_dask(jobs, options.scheduler) if on_dask else do_jobs(jobs, options.jobs)
    with progress_bar(jobs) as bar:
        for run in finished:
            bar.write(_summary(run.record()))
    return 0


def _data(options: argparse.Namespace, datasets: Iterable[DatasetName]) -> Path | None:
    """Return the data folder, from the root since workers may have another current folder.

    Without one that was named, the data sets are downloaded first.
    """
    folders = {ensure_data(dataset, options.data).absolute() for dataset in sorted(datasets)}
    return next(iter(folders), None)


def _summary(record: dict[str, Any]) -> str:
    test = record["test"]
    return (
        f"{record['name']} seed {record['seed']}: test accuracy {test['accuracy']:.4f}, "
        f"macro-F1 {test['macro_f1']:.4f}, {record['seconds']:.0f} s"
    )


def _search(options: argparse.Namespace) -> int:
    from training_jobs.search import non_default_settings, run_search

    if options.trials < 1:
        raise UnknownNameError(f"--trials: expected 1 or more, received {options.trials}")
    data = _data(options, ["cifar10" if options.family == "cnn" else "nusax"])
    for trial in run_search(options.family, options.trials, data, options.runs):
        print(f"{trial.score:.4f} {non_default_settings(trial.variation)}")
    return 0


def _regenerate(options: argparse.Namespace) -> int:
    from training_jobs.goldens import staged_goldens

    names = options.names or sorted(path.parent.name for path in options.golden.glob("*/metrics.json"))
    chosen = _chosen(names)
    data = _data(options, {variation.dataset for variation in chosen})
    with staged_goldens(chosen, options.golden, data, options.runs) as staged:
        for drift in staged.drifts():
            print(drift)
        if not (options.yes or _agreed(f"replace {len(chosen)} goldens in {options.golden}? [y/N] ")):
            print("nothing was replaced")
            return 1
        staged.replace()
    print(f"replaced {len(chosen)} goldens in {options.golden}")
    return 0


def _record(options: argparse.Namespace) -> int:
    print(f"kept the records of {keep_records(options.runs, options.records)} runs in {options.records}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from training_jobs.report.render import write_report

    data = _data(options, LABELS)
    write_report(options.out, options.records, options.golden, data)
    print(f"wrote {options.out / 'report.md'} and {options.out / 'report.html'}")
    return 0


def _agreed(question: str) -> bool:
    """Ask on the terminal; without one the answer is no."""
    return sys.stdin.isatty() and input(question).strip().lower() in ("y", "yes")
