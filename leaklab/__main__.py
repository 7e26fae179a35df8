"""`python -m leaklab` is the console script `leaklab`."""

from leaklab.cli import main

if __name__ == "__main__":
    main()
