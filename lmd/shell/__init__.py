"""What lmd knows of shells: suggestions, explanations and repairs, without running anything."""
