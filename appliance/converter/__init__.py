"""The converter daemon, `python -m appliance.converter`: turns the desired state into a running
pipeline and keeps it so.

`plan` says what shall run and `seen` what is wrong with what runs: both are pure. `pipeline` builds
and holds it, `patient` knows who is confirmed, `daemon` watches, publishes and answers. What a
person wrote wrong never ends it: it says why, shows that it waits, and tries again.
"""
