"""Variational analysis: the cost, what it is made of, its minimisers and what its Hessian tells."""
