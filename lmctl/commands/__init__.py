"""What the typer commands do; they know nothing of typer."""
