"""The bootable image of a box: `python3 -m image` makes it, with the standard library alone.

`packages` lists what of Debian is in it, `modules` the kernel's modules, each line with its reason;
`python.lock` what of PyPI, with its hash. `overlay/` is copied into the root as it stands,
`overlay.developer/` only into a developer's, `first/` into the first file system. `stages/` has one
file for each step; `shell` runs every program of them, and `build` puts the steps in order. All
tools but mmdebstrap run in a root of the box's own release, so that the release of the machine that
builds does not matter.
"""
