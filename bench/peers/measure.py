"""Runs a command and prints its time and memory as one line of JSON.

measure.py LOG COMMAND...: the output of the command goes into the file LOG. `peakBytes` is the largest resident set of the
command or of one of its children, as counted by the kernel (getrusage's ru_maxrss; KiB on Linux). This is a separate
process, so that nothing of the caller is counted: start it with `python3 -I -S`.
"""

import json
import os
import sys
import time


def main() -> None:
    log, command = sys.argv[1], sys.argv[2:]
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    redirect = [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    started = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=redirect)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - started
    result = {
        "exitCode": os.waitstatus_to_exitcode(status),
        "seconds": seconds,
        "peakBytes": usage.ru_maxrss * 1024,
        "cpuSeconds": usage.ru_utime + usage.ru_stime,
    }
    print(json.dumps(result))


main()
