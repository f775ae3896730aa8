"""One peer in a process of its own, which answers requests: one line of JSON each, in and out.

{"load": file}                                  -> {"variants": [...]}
{"run": variant, "input": file}                 -> {"output": [...]}, to see that all compute the same
{"time": variant, "input": file, "calls": n}    -> {"seconds": [...], "cpu": [...]} for each call
{"memory": true}                                -> {"peak": megabytes so far}
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from .peers import PEERS, limit_threads


def main() -> None:
    """Serve until standard input ends."""
    limit_threads()
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not be taken for an answer
    variants: dict[str, Any] = {}
    inputs: dict[str, np.ndarray] = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _answer(request, variants, inputs)
        except Exception as fault:  # the runner says which peer could not do what
            answer = {"fault": f"{type(fault).__name__}: {fault}"}
        print(json.dumps(answer), file=answers, flush=True)


def _answer(request: dict[str, Any], variants: dict[str, Any], inputs: dict[str, np.ndarray]) -> dict[str, Any]:
    if "load" in request:
        inputs.clear()
        variants.clear()
        variants.update(PEERS[sys.argv[1]](Path(request["load"])))
        return {"variants": list(variants)}
    if "memory" in request:
        # Not ru_maxrss: a new process starts with that of its parent.
        lines = Path("/proc/self/status").read_text().splitlines()
        return {"peak": int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024}
    if request["input"] not in inputs:
        inputs[request["input"]] = np.load(request["input"])
    x = inputs[request["input"]]
    if "run" in request:
        return {"output": np.asarray(variants[request["run"]](x), np.float64).tolist()}
    predict, seconds, cpu = variants[request["time"]], [], []
    for _ in range(request["calls"]):
        start, used = time.perf_counter(), time.process_time()
        predict(x)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return {"seconds": seconds, "cpu": cpu}


if __name__ == "__main__":
    main()
