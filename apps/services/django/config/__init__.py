"""Settings, logs, metrics, health and the web server of the project."""

NAME = "service-django"
VERSION = "0.1.0"
