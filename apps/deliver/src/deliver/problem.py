class Problem(Exception):
    """What went wrong in words that a person can act on: said without a stack trace."""
