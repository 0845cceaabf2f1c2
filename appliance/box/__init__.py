"""What every service of a box shares: the desired state, its store, the table of modes, what was
observed, issues, and the folders and sockets where all of it is.

`desired*` describe the document, `rules` and `fits` find contradictions, `modes` and `resolver`
decide what shall run, `issues` knows everything that can be wrong: all of these are pure. `store`,
`observe`, `link` and `units` act.
"""
