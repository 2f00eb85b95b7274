"""Settings, logs, metrics, health and the web server of the project."""

VERSION = "1.0.0"
