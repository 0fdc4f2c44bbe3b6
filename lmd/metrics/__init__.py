"""What the daemon counts, in the text format of Prometheus: over the socket, and over HTTP."""
