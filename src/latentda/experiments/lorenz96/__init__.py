"""The published Lorenz-96 benchmark."""
