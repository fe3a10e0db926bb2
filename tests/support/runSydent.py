"""Runs Sydent for as long as the process that started it lives; as runSynapse.py does for Synapse.

STEWARD_SMS_URL stands in for the one paid provider that Sydent sends text messages through.
"""

import os
import threading


def end_with_starter() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


threading.Thread(target=end_with_starter, daemon=True).start()

from sydent.sms import openmarket  # noqa: E402
from sydent.sydent import main  # noqa: E402

openmarket.API_BASE_URL = os.environ["STEWARD_SMS_URL"]
main()
