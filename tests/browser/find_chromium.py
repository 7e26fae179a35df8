"""Find a Chromium for the browser tests, or install one; as a script it prints what it found."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ABSENT = (
    "No Chromium was found, so the browser tests cannot run: install one (Debian: apt-get install chromium), "
    "or name yours in the environment: CHROMIUM=/path/to/chromium."
)


def find() -> str | None:
    """Return the path of a Chromium: the one CHROMIUM names, one on the PATH, or Playwright's own."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None) or _playwrights()


def install() -> None:
    """Try Debian's package, which needs root, then Playwright's download; leave the outcome to `find`."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, stdout=sys.stderr, check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], env=quiet, stdout=sys.stderr, check=False)
    if find() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], stdout=sys.stderr, check=False)


def must_be_there() -> bool:
    """Say whether a missing browser is a failure rather than a reason to skip."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def main() -> int:
    """Print the Chromium found, after an attempt to install one if asked; return the exit status."""
    if find() is None and "--install" in sys.argv[1:] and not os.environ.get("CHROMIUM"):
        install()
    print(f"Browser tests: {path}" if (path := find()) else ABSENT)
    return int(path is None and must_be_there())


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    sys.exit(main())
