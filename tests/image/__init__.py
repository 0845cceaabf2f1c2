"""The build of an image: its pure parts, and what its programs make."""
