"""The image in a virtual machine: `make boot` shows one box, `make boot-pair` two that send video
from one to the other. `machine` is QEMU, `guest` a box in it with its front panel, `shown` draws,
`pair` sets two boxes up over their API. The image itself is never changed: each machine has a disk
laid over it that goes with it. The processor is emulated, unless `--kvm` is given and a machine
really starts under it: that /dev/kvm is there says nothing."""
