"""What a user does: prepare, train, estimate, audit."""
