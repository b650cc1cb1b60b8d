"""What a user does: prepare, train, audit."""
