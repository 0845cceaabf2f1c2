"""The rtvbox command, seen from outside."""
