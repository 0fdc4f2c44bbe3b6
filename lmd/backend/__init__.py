"""A running model: the child process, its frames, and the jobs it works on."""
