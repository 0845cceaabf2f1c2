"""The pretend card: a complete source and sink, with faults on demand."""
