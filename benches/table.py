"""Prints the results of `make bench` as one table: `table.py RESULTS`, where each line of the file is a JSON object.

`part` and `name` identify the measurement, and `of` is the name of the baseline in the same part. `per_second` and
`cpu_micros` (per event, delivery, or submission) are medians.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def ratio_to_baseline(row: dict, other: dict | None, figure: str) -> str:
    if other is None or other is row or not row[figure] or not other[figure]:
        return "–"
    return f"{row[figure] / other[figure]:.2f} ×"


def main() -> None:
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    print("| what | | per second | of the baseline | CPU µs each | of the baseline |\n|---|---|--:|--:|--:|--:|")
    for row in rows:
        other = next((other for other in rows if (other["part"], other["name"]) == (row["part"], row["of"])), None)
        name = f"{row['name']} (the baseline)" if other is row else row["name"]
        faster, dearer = ratio_to_baseline(row, other, "per_second"), ratio_to_baseline(row, other, "cpu_micros")
        print(
            f"| {row['part']} | {name} | {row['per_second']:,.0f} | {faster} | {row['cpu_micros']:.2f} | {dearer} |",
        )


if __name__ == "__main__":
    main()
