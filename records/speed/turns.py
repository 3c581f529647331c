"""One contestant of a contest in turns: it prepares, then runs once for each line that it reads."""

import json
import sys
import time


def serve(run) -> None:
    """Answers each line of standard input with the seconds of one run; `run()` does the work.

    The first run, which compiles, is not timed. CPU seconds are those of all threads of the
    process: on a busy machine they say more than the clock.
    """
    run()
    print("ready", flush=True)
    for _ in sys.stdin:
        clock, cpu = time.perf_counter(), time.process_time()
        run()
        spent = {"wall": time.perf_counter() - clock, "cpu": time.process_time() - cpu}
        print(json.dumps(spent), flush=True)
