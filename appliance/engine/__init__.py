"""The data plane in C++: pack, pace, send, receive, assemble, present, count."""
