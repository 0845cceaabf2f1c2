"""Updates: two slots, signed bundles, a trial for each new version, and the way back.

RAUC verifies a bundle and writes it into the slot that does not run; systemd-boot counts the tries
of a new version and goes back to the other one when they are used up; what lies between is here.
`versions`, `entries`, `uki` and `state` are pure; `esp` and `partitions` change the disk, and
`handler` puts their steps in the order that a power cut at any instant survives; `backend` and
`handler` are what RAUC calls. `installer` asks RAUC over D-Bus; `daemon` is the service
`rtvbox-update`, there while it is needed; `health` decides whether this version is good.

RAUC and not systemd-sysupdate: one signed file with the machine it is for, X.509 as in a hospital's
own trust, installed from a stick, an upload or streamed from any HTTPS server, and hawkBit for a
fleet.
"""
