"""From a request to ranked commands: prompts, samples, facts, confidence."""
