"""A tiny world first: 3D-Var, 4D-Var and a filter among others on Lorenz-96, three seeds side by side."""

from latentda.experiments.lorenz96.table import run_lorenz96

for method in ("optimal-interpolation", "3d-var", "4d-var-window-1", "4d-var-window-2", "etkf-20"):
    errors = [row["rmse"] for row in run_lorenz96(method, seeds=(1, 2, 3)) if row["kind"] == "analysis"]
    print(f"{method:24s} analysis error {', '.join(f'{error:.3f}' for error in errors)}")
