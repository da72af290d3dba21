"""What the engine costs, beside floors measured in the same run. `python -m benchmarks` prints one table."""
