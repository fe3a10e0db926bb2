"""Runs Synapse for as long as the process that started it lives.

The starter keeps our standard input open. When it dies, in whatever way, the pipe closes and so do we: no Synapse
is left behind by a test that was killed.
"""

import os
import sys
import threading


def end_with_starter() -> None:
    # os.read and not sys.stdin: a thread inside a buffered reader would block the interpreter's shutdown.
    while os.read(0, 4096):
        pass
    os._exit(0)


threading.Thread(target=end_with_starter, daemon=True).start()

from synapse.app.homeserver import main  # noqa: E402

sys.argv[0] = "synapse"
main()
