"""Runs a command and prints its time and memory as one line of JSON.

Usage: python3 -I -S measure.py LOG COMMAND... The command's output is written to the file LOG. `peakBytes` is the largest
resident set of the command or any of its children, as reported by the kernel (ru_maxrss of getrusage, in KiB on Linux).
The command is run by a separate process, so that the caller's own memory is not counted.
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
