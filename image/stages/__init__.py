"""One file for each step of the build; each is a function of folders to a folder or a file."""
