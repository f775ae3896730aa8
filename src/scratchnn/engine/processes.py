"""Tiles on worker processes: where the calls of a plan are short, threads wait for the interpreter's lock."""

import pickle
import signal
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Self, cast

from ..errors import InputError, WorkerError
from ..layers.base import Array
from .blas import one_blas_thread
from .mailbox import Letter, Receiver, Sender
from .tiles import available_cores

if TYPE_CHECKING:
    from .plan import Plan

# Tiles that a process may have: one that it works on, and the next.
AHEAD = 2

# Plans that a process keeps.
KEPT_PLANS = 4

# Seconds that a process gets to end by itself.
PATIENCE = 5.0


class WorkerProcesses:
    """Processes that share the samples of `Model.predict`, the calling one included.

    They pay for models of many short calls, recurrent ones above all, and for more than one call: a process takes
    a few tenths of a second to start, and gets a model with its first tile of it. Samples and outputs go through
    shared memory, a tile at a time. As for all that uses `multiprocessing`, a script starts them below
    `if __name__ == "__main__":`.

        with scratchnn.WorkerProcesses(2) as workers:
            y = model.predict(x, workers=workers)

    Calls of several threads take turns. The result does not depend on the number of processes.

    Args:
        count: processes that work, the calling one included; None means as many as there are cores.

    Raises:
        InputError: a count below 1.
    """

    def __init__(self, count: int | None = None) -> None:
        if count is not None and count < 1:
            raise InputError(f"WorkerProcesses: count: expected 1 or more, got {count}")
        self.count = count or available_cores()
        self._lock = threading.Lock()
        self._children = [_Child() for _ in range(self.count - 1)]
        self._end = weakref.finalize(self, _end, self._children)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; a second time does nothing."""
        with self._lock:
            self._end()

    def run(
        self,
        plan: "Plan",
        count: int,
        part: Callable[[int], list[Array]],
        work: Callable[[int], None],
        store: Callable[[int, Sequence[Array]], None],
    ) -> None:
        """Run tiles 0, ..., count - 1.

        Args:
            plan: what to run.
            count: of tiles.
            part: the inputs of a tile.
            work: runs a tile in this process.
            store: takes the number of a tile and the outputs that another process gave.

        Raises:
            WorkerError: the processes were ended, or one of them ended by itself.
            Exception: what the tile with the smallest number raised, once no process works any more.
        """
        with self._lock:
            if not self._end.alive:
                raise WorkerError("WorkerProcesses: they were closed")
            try:
                faults = self._run(plan, count, part, work, store)
            except (EOFError, OSError) as fault:
                codes = [child.exit_code() for child in self._children]
                self._end()
                raise WorkerError(
                    f"WorkerProcesses: one ended before its work did (exit codes {codes})"
                ) from fault
            except BaseException:  # what is under way would be taken for the next call's
                self._end()
                raise
        if faults:
            raise faults[min(faults)]

    def _run(
        self,
        plan: "Plan",
        count: int,
        part: Callable[[int], list[Array]],
        work: Callable[[int], None],
        store: Callable[[int, Sequence[Array]], None],
    ) -> dict[int, BaseException]:
        """Run the tiles until all are done, or one is at fault; return what was raised, by tile."""
        places, left = iter(range(count)), count
        faults: dict[int, BaseException] = {}
        while (open_tiles := left + sum(len(child.places) for child in self._children)) > 0:
            # Nobody takes more than a fair share ahead, and the last tile is for this process.
            fair = min(AHEAD, max(1, open_tiles // self.count))
            for child in self._children:
                while left > 1 and len(child.places) < fair:
                    place, left = next(places), left - 1
                    child.send(plan, place, part(place))
            if left:
                place, left = next(places), left - 1
                try:
                    work(place)
                except BaseException as fault:
                    faults[place] = fault
            for place, answer in self._answers(wait_for_one=left == 0):
                if isinstance(answer, BaseException):
                    faults[place] = answer
                else:
                    store(place, answer)
            left = 0 if faults else left
        return faults

    def _answers(self, wait_for_one: bool) -> Iterator[tuple[int, Any]]:
        """The tiles that other processes have done, and what came of each."""
        busy = {child.connection: child for child in self._children if child.places}
        for connection in wait(list(busy), None if wait_for_one else 0) if busy else ():
            yield busy[cast(Connection, connection)].receive()


class _Child:
    """One more process, seen from the calling one.

    Attributes:
        places: the tiles that it has, in the order of its answers.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self.connection, its = context.Pipe()
        self._process = context.Process(target=_serve, args=(its,), daemon=True)
        self._process.start()
        its.close()
        self.places: list[int] = []
        self._plans: list[int] = []
        self._senders, self._receivers = [Sender() for _ in range(AHEAD)], [Receiver() for _ in range(AHEAD)]
        self._sent = self._received = 0

    def send(self, plan: "Plan", place: int, inputs: Sequence[Array]) -> None:
        """Give it a tile, and the plan where it does not have it yet."""
        new = plan.number not in self._plans
        if new:
            self._plans = [*self._plans, plan.number][-KEPT_PLANS:]
        letter = self._senders[self._sent % AHEAD].write(inputs)
        self.connection.send((plan.number, plan if new else None, letter))
        self._sent += 1
        self.places.append(place)

    def receive(self) -> tuple[int, Any]:
        """The tile that is done next, and its outputs or what it raised."""
        answer = self.connection.recv()
        if not isinstance(answer, BaseException):
            answer = self._receivers[self._received % AHEAD].read(answer)
        self._received += 1
        return self.places.pop(0), answer

    def exit_code(self) -> int | None:
        """Of the process, where it has ended."""
        self._process.join(PATIENCE / 10)
        return self._process.exitcode

    def end(self) -> None:
        """End the process and give all memory back."""
        self.connection.close()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.terminate()
        _close(self._senders, self._receivers)


def _end(children: Sequence[_Child]) -> None:
    for child in children:
        child.end()


def _close(senders: Sequence[Sender], receivers: Sequence[Receiver]) -> None:
    for sender in senders:
        sender.close()
    for receiver in receivers:
        receiver.close()


def _serve(connection: Connection) -> None:
    """What another process does: run tiles until the calling one hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interruption is for the calling process
    plans: dict[int, Plan] = {}
    senders, receivers = [Sender() for _ in range(AHEAD)], [Receiver() for _ in range(AHEAD)]
    with one_blas_thread(), suppress(EOFError, BrokenPipeError):
        for sender, receiver in cycle(zip(senders, receivers, strict=True)):
            number, plan, letter = connection.recv()
            if plan is not None:
                plans = dict([*plans.items(), (number, plan)][-KEPT_PLANS:])
            connection.send(_answer(plans[number], receiver.read(letter), sender))
    _close(senders, receivers)


def _answer(plan: "Plan", inputs: Sequence[Array], sender: Sender) -> Letter | Exception:
    """The outputs of a tile, or what it raised."""
    answers = list[Letter]()
    try:
        plan.run(inputs, lambda outputs: answers.append(sender.write(outputs)))
    except Exception as fault:
        return _portable(fault)
    return answers[0]


def _portable(fault: Exception) -> Exception:
    """The fault, or one of the same text where it cannot go to another process."""
    try:
        pickle.loads(pickle.dumps(fault))
    except Exception:
        return WorkerError(f"{type(fault).__name__}: {fault}")
    return fault
