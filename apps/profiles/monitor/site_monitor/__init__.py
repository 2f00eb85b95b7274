"""Asks sites from outside whether they answer as they should."""

VERSION = "1.0.0"
