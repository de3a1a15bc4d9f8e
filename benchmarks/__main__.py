"""Measure, and write the tables of docs/benchmarks.md: python -m benchmarks NAME.

Run it from the root of a clone. What stands in benchmarks/results/NAME.json is not
measured again, so that a run that was broken off goes on; then the table and the figure
are made from all that stands there.
"""

import argparse
from pathlib import Path

from benchmarks.benchmark import Plan, catalogue, find
from benchmarks.runner import PACKAGE, choose, compare, update


def main() -> None:
    names = catalogue()
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--all", action="store_true", help="run all")
    parser.add_argument("--rounds", type=int, help="repetitions, seeds or splits")
    parser.add_argument(
        "--only",
        nargs="+",
        action="append",
        default=[],
        metavar="VALUE",
        help="cases with one of these values (a table, a seed); may be repeated",
    )
    parser.add_argument("--again", action="store_true", help="measure known cases too")
    parser.add_argument(
        "--shorten",
        type=int,
        default=1,
        metavar="K",
        help="a trial on a Kth of the rows and epochs; nothing is written",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="PATH",
        help="another checkout: measure both in turns, print ratios, write nothing",
    )
    options = parser.parse_args()
    if options.list:
        for name, module in names.items():
            print(f"{module.split('.')[1]:8} {name:15} {find(name).title}")
        return
    chosen = list(names) if options.all else options.names
    if not chosen or not set(chosen) <= set(names):
        parser.error(f"choose from {', '.join(names)}, or --all.")
    if options.against and not (options.against / PACKAGE).is_dir():
        parser.error(f"{options.against} holds no {PACKAGE}.")
    if options.against and not all(find(name).timed for name in chosen):
        parser.error("--against compares the benchmarks of speed alone.")
    for name in chosen:
        rounds, peers = options.rounds or find(name).rounds, not options.against
        plan = Plan(rounds, options.shorten, peers)
        cases = choose(name, plan, options.only)
        if options.against:
            print(compare(name, plan, cases, options.against))
        else:
            print(update(name, plan, cases, again=options.again))


if __name__ == "__main__":
    main()
