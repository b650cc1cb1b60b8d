"""Named, frozen set-ups with the scores to expect, and the figures and reports of their results."""
