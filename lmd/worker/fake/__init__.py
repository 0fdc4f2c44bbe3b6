"""An engine without a model behind the same seam: it echoes, waits, hangs and crashes as told."""
