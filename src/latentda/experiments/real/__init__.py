"""Real reports into the embedded world."""
