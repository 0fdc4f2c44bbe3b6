"""What is known of programs: their names, subcommands and flags, and which words ask for them."""
