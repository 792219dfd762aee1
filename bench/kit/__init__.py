"""What the benchmarks share: processes and their CPU, rows, the sandbox's controls, the report."""
