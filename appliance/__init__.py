"""The appliance: everything a box does between its cards and its networks."""
