"""The formats, pure: nothing here touches a socket, a clock, a file or a process."""
