"""Speed, latency, CPU and pacing, measured: `make bench`. Ratios are within one run."""
