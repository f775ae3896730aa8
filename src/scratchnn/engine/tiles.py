"""A batch in tiles, and the tiles on threads."""

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

# Threads that are kept for the next call, at most; they are made when they are needed.
KEPT_THREADS = 32


def available_cores() -> int:
    """Cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _threads() -> "ThreadPoolExecutor":
    """Threads that wait for work: to start one for each call would take 50 microseconds."""
    from concurrent.futures import ThreadPoolExecutor  # it brings logging along: nothing for a single sample

    if hasattr(os, "register_at_fork"):  # a forked process has none of them
        os.register_at_fork(after_in_child=_threads.cache_clear)
    return ThreadPoolExecutor(KEPT_THREADS, thread_name_prefix="scratchnn")


def run_tiles(work: Callable[[int], None], count: int, workers: int) -> None:
    """Call work(0), ..., work(count - 1), on at most `workers` threads; the caller's is one of them.

    Raises:
        Exception: what the tile with the smallest number raised, once all threads have stopped.
    """
    places = iter(range(count))  # `next` on it is one step for the interpreter, so threads can share it
    faults: dict[int, BaseException] = {}

    def loop() -> None:
        for place in places:
            if faults:
                return
            try:
                work(place)
            except BaseException as fault:
                faults[place] = fault

    more = min(workers, count) - 1
    others = [_threads().submit(loop) for _ in range(more)]
    loop()
    for other in others:
        if not other.cancel():  # one that found no thread has nothing left to do
            other.result()
    if faults:
        raise faults[min(faults)]
