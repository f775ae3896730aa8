"""A batch in tiles, and the tiles on threads."""

import os
import threading
from collections.abc import Callable


def available_cores() -> int:
    """Cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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

    threads = [threading.Thread(target=loop) for _ in range(min(workers, count) - 1)]
    for thread in threads:
        thread.start()
    loop()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[min(faults)]
