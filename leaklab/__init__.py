"""leaklab: what a gradient gives away, shown live and honestly."""

__version__ = "0.1.0"
