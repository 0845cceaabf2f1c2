"""What needs devices: run on a bench of real hardware, and in a virtual machine with the kernel's
pretend devices. A bench file says what is there; a test whose device is missing is skipped with
that as its reason. Budgets (latency, frames that may be lost) are numbers in budgets.toml."""
