"""Processes that tests have started."""

import subprocess

GUARD_SECONDS = 300


def end(process):
    """Asks it to end, and makes it if it does not; None, and one that has ended, is fine."""
    if process and process.poll() is None:
        process.terminate()
        try:
            process.wait(GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
