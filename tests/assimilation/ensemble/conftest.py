import jax.numpy as jnp
import numpy as np

MEMBERS, POINTS = 6, 8


def members_of(count=MEMBERS, seed=0):
    """A few states ``(member, 1, 1, point)``."""
    return jnp.asarray(2.0 + 1.5 * np.random.default_rng(seed).normal(size=(count, 1, 1, POINTS)))


def departures_of(members, index=range(POINTS), error=0.5, seed=1):
    """R^(-1/2) (H(x_k) - y) of data at some points, padded by zeros to one a point."""
    y = 2.0 + np.random.default_rng(seed).normal(size=POINTS)
    seen = np.isin(np.arange(POINTS), list(index))
    return jnp.where(seen, (members.reshape(len(members), POINTS) - y) / error, 0.0)


def covariance(members):
    """Of the members, with N - 1."""
    return np.cov(np.asarray(members).reshape(len(members), -1).T)


def kalman(mean, P, y, index, variance):
    """x + K (y - H x) and (I - K H) P for data at some points."""
    H = np.eye(len(P))[list(index)]
    K = P @ H.T @ np.linalg.inv(H @ P @ H.T + variance * np.eye(len(H)))
    return mean + K @ (np.asarray(y) - H @ mean), P - K @ H @ P
