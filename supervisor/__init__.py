"""The command line and the process tree of one host."""
