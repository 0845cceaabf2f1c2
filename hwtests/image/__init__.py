"""Tests of the disk image, in machines under QEMU that start it as firmware does."""
