import os

from django.apps import AppConfig

from config.metrics import serve_own_metrics


class NotesConfig(AppConfig):
    name = "notes"

    def ready(self) -> None:
        # runserver's inner process, which is started anew after each change.
        if os.environ.get("RUN_MAIN") == "true":
            serve_own_metrics()
