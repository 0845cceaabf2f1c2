"""One file a command: `add` declares it, `run` does it and returns the exit code."""
