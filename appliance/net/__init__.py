"""The box's networks: links, addresses, routes, firewall, and what can be seen of them.

`wanted` reads the document, `needs` its flows, `plan` compares with the machine, `openings` and
`ruleset` are the firewall, `claim`, `lease`, `querier`, `membership` and `probation` are the
protocols' states: all pure. `kernel`, `ethtool`, `filter` and `wire` act, `keeper` brings them
together.
"""
