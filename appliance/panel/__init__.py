"""The front panel's side of the box: what it shows is a function of the observed status, what a
person wants goes out as typed requests.

`status` says what may be known, `screens` and `lights` show it, `menu` takes keys (a table),
`addresses` checks what was typed; all of these are pure. `look` reads what the services observed,
`daemon` connects all of it with a panel that may be missing. No patient's data is read here.
"""
