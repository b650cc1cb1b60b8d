"""A tiny world first: optimal interpolation and 3D-Var on Lorenz-96, three seeds side by side."""

from latentda.experiments.lorenz96 import run_lorenz96

for method in ("optimal-interpolation", "3d-var"):
    errors = [row["rmse"] for row in run_lorenz96(method, seeds=(1, 2, 3)) if row["kind"] == "analysis"]
    print(f"{method:24s} analysis error {', '.join(f'{error:.3f}' for error in errors)}")
