"""A machine of our own to run the hardware tests in: Debian's kernel under QEMU, in software
emulation, on this machine's own file system (read-only, changes go to memory). It has what
containers and build machines lack: V4L2 nodes of `vivid`, a display, USB serial, a watchdog."""
