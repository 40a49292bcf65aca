"""What the benchmarks say, as a page."""
