"""Does a piece of work again and again."""

__version__ = "0.1.0"
