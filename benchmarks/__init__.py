"""What leaklab promises, measured: `python -m benchmarks` prints a table and keeps it under outputs/benchmarks/."""
