"""Times as a person says them."""

import time


def since(created: float) -> str:
    """Return how long ago something was, in a word or two."""
    seconds = time.time() - created
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
