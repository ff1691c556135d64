"""Runs the readers of automoderate-bench in turn, and prints a table of medians."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

EVENT_SERVER = Path(__file__).resolve().parents[3] / "bindings-python/benches/event_server.py"
EVENTS = 200_000
HELD_EVENTS = 100_000
READERS = {
    "loop": "`for try await event in project.events(of:)`, from the socket",
    "batches": "`nextBatch`, from the socket",
    "decoder": "`JSONDecoder`, from memory",
}
MEMORY_READERS = {"memory-ours": "`ModerationUpdate`", "memory-decoder": "struct decoded by `JSONDecoder`"}


def main() -> None:
    bench, rounds, *run = sys.argv[1:]
    with subprocess.Popen([sys.executable, EVENT_SERVER], stdout=subprocess.PIPE, text=True) as event_server:
        try:
            url = f"http://127.0.0.1:{event_server.stdout.readline().strip()}"

            def run_reader(mode: str, events: int) -> dict[str, float]:
                command = [*run, bench, mode, url, str(events)]
                return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)

            found = {mode: [] for mode in READERS}
            for _ in range(int(rounds)):
                for mode, results in found.items():
                    results.append(run_reader(mode, EVENTS))
            print("| reader | events/s | CPU µs per event |\n|---|--:|--:|")
            for mode, results in found.items():
                rates = [result["rate"] / 1000 for result in results]
                costs = [result["cpu"] for result in results]
                rate = f"{statistics.median(rates):.0f}k [{min(rates):.0f}–{max(rates):.0f}]"
                cost = f"{statistics.median(costs):.2f} [{min(costs):.2f}–{max(costs):.2f}]"
                print(f"| {READERS[mode]} | {rate} | {cost} |")
                if results_file := os.environ.get("BENCH_RESULTS"):  # for the table printed by `make bench`
                    row = {"part": "Swift", "name": READERS[mode], "of": READERS["decoder"]}
                    figures = {"per_second": statistics.median(rates) * 1000, "cpu_micros": statistics.median(costs)}
                    with Path(results_file).open("a") as file:
                        print(json.dumps(row | figures), file=file)
            print("\n| 100,000 events held | bytes each |\n|---|--:|")
            for mode, name in MEMORY_READERS.items():
                print(f"| {name} | {run_reader(mode, HELD_EVENTS)['bytes']:.0f} |")
        finally:
            event_server.kill()


if __name__ == "__main__":
    main()
