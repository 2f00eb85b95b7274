import os
import sys

from worker import journal
from worker.loop import Loop
from worker.settings import Settings, SettingsError
from worker.work import work

try:
    settings = Settings.read()
except SettingsError as error:
    print(error, file=sys.stderr)
    raise SystemExit(os.EX_CONFIG) from None
journal.say(
    "info", "started", service="service-worker", version=os.environ.get("VERSION", "0.0.0"), interval=settings.interval
)
raise SystemExit(Loop(settings, work).run())
