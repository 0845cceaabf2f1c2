"""The services of a box under the systemd of a whole machine: a virtual one (`make hwtest-vm`), the
image in one, or a real box. They change its mode and its desired state, and put both back."""
