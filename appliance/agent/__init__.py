"""The agent, `python -m appliance.agent`: the box API on the configuration network.

`identity` is who the box is, `certificates` and `pairing` how trust begins, `tls` what a connection
must prove; `staging` keeps what is prepared and when it becomes active; `api` and its `routes_*`
speak HTTPS and `openapi` describes them; `switcher` makes the wanted mode the running one;
`client` is the other side, for `rtvbox remote`. A box that was never provisioned offers nothing but
its identity, and pairing while its code is shown.
"""
