"""From a prepBUFR file to checked data in fixed-shape arrays."""

import numpy as np

from latentda.experiments.demo import shipped_reports
from latentda.observations import (
    assign_errors,
    check_duplicates,
    check_quality_marks,
    check_range,
    make_batch,
    read_observations,
    summary,
    thin_by_box,
)

table = read_observations(shipped_reports())
print(f"{table.num_rows:,} data")
for check in (check_quality_marks, check_range, check_duplicates):
    table = check(table)
table = assign_errors(thin_by_box(table, degrees=2.0, log_pressure=0.2))
for row in summary(table).to_pylist()[:8]:
    print(f"{row['class']:8s} {row['variable']:5s} {row['total']:7,d} data, {row['used']:7,d} used")
batch = make_batch(table, np.datetime64("1989-01-01T12:00"))
print(f"{int(batch.valid.sum()):,} data in arrays of {batch.size:,}")
