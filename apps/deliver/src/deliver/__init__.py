"""Watches subreddits, translates new posts and delivers them."""

__version__ = "1.0.0"
