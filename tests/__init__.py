"""The tests: a package of its own, for other packages install a `tests` too, which would hide a plain folder."""
