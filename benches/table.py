"""The results of `make bench` in one table: `table.py RESULTS`, a file with a JSON object in each line.

`part` and `name` say what it is, `of` which name of that part it is compared with, `per_second` and `cpu_micros` (per event,
delivery or submission) what was measured: medians.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def ratio(row: dict, other: dict | None, figure: str) -> str:
    if other is None or other is row or not row[figure] or not other[figure]:
        return "–"
    return f"{row[figure] / other[figure]:.2f} ×"


def main() -> None:
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    print("| what | | a second | of the yardstick | CPU µs each | of the yardstick |\n|---|---|--:|--:|--:|--:|")
    for row in rows:
        other = next((other for other in rows if (other["part"], other["name"]) == (row["part"], row["of"])), None)
        name = f"{row['name']} (the yardstick)" if other is row else row["name"]
        faster, dearer = ratio(row, other, "per_second"), ratio(row, other, "cpu_micros")
        print(
            f"| {row['part']} | {name} | {row['per_second']:,.0f} | {faster} | {row['cpu_micros']:.2f} | {dearer} |",
        )


if __name__ == "__main__":
    main()
