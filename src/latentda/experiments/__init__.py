"""Named, frozen set-ups with the scores to expect, and the reports of their results."""
