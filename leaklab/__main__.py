"""`python -m leaklab`: the shell."""

from leaklab.cli import main

if __name__ == "__main__":
    main(prog_name="leaklab")
