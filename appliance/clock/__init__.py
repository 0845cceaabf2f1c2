"""The clock, `python -m appliance.clock`: ptp4l and phc2sys configured, kept alive and asked.

`profile` writes linuxptp's configuration, `tlv` is IEEE 1588's management protocol as octets and
`lock` says what the observations mean, as a table: all pure. `management` asks ptp4l over its Unix
socket, `programs` keeps ptp4l and phc2sys alive (and never touches a healthy one), `kernel` sets
TAI - UTC, `daemon` publishes eight times a second. Media time is CLOCK_TAI.
"""
