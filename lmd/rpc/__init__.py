"""The socket's side: listener, connections, dispatch, and one handler file per method family."""
