"""How many lines the tests reach, and the files with most of those that none reaches, from slipcover's JSON."""

import json
import sys
from pathlib import Path

LISTED = 10

content = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
files = [
    (len(file["missing_lines"]), len(file["executed_lines"]), name.split("latentda/", 1)[-1])
    for name, file in content["files"].items()
]
print("missed  reached  file")
for missed, reached, name in sorted(files, reverse=True)[:LISTED]:
    print(f"{missed:6d}  {reached:7d}  {name}")
missed, reached = (sum(row[k] for row in files) for k in (0, 1))
print(f"{missed:6d}  {reached:7d}  all: {100 * reached / (missed + reached):.0f} %")
