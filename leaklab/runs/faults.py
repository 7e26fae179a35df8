"""What a database complains of, said so that a person knows which file is meant and what to do."""

_ELSEWHERE = "or point LEAKLAB_STORE at another file"

# SQLite's own names of its errors; the extended ones begin with these.
_SENTENCES = {
    "SQLITE_BUSY": "is locked by another program: close whatever holds it open, then try again",
    "SQLITE_LOCKED": "is locked by another program: close whatever holds it open, then try again",
    "SQLITE_READONLY": f"is read-only: make the file and its folder writable, {_ELSEWHERE}",
    "SQLITE_FULL": f"is full: free some room on its disk or delete old runs, {_ELSEWHERE}",
    "SQLITE_IOERR": f"cannot be read or written: look at its disk, {_ELSEWHERE}",
    "SQLITE_NOTADB": f"is not a run store, for the file is no SQLite database: move it away, {_ELSEWHERE}",
    "SQLITE_CORRUPT": f"is damaged: move the file away, {_ELSEWHERE}",
    "SQLITE_CANTOPEN": f"cannot be opened: make its folder and make it writable, {_ELSEWHERE}",
}


def sentence(error: BaseException | None, place: str) -> str:
    """Return a database's complaint as a sentence that names the store and the mend."""
    name = getattr(error, "sqlite_errorname", "")
    for prefix, complaint in _SENTENCES.items():
        if name.startswith(prefix):
            return f"The run store {place} {complaint}."
    if "no such" in str(error) or "no column" in str(error):
        return f"The run store {place} was made by another version of leaklab: move the file away, {_ELSEWHERE}."
    return f"The run store {place} failed: {error}."
