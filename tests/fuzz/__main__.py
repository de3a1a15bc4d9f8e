"""The long form: a seed, a budget of minutes, a report."""

import argparse
import sys

import torch

from tests.fuzz.run import CHECKS, fuzz, input_of, made_small, tried


def report(counts, findings):
    inputs = sum(counts[name] for name in CHECKS)
    each = ", ".join(f"{counts[name]} {name}" for name in CHECKS)
    print(f"\n{inputs} inputs ({each}); {counts['refused']} refused in words")
    print(f"{counts['wrong']} wrong, of {len(findings)} kinds")
    for kind, found in sorted(findings.items(), key=lambda pair: -len(pair[1])):
        first = found[0]
        small = made_small(kind.partition(":")[0], first.given, kind.partition(": ")[2])
        print(f"{len(found):5d} {kind}\n      {first.again}\n      {small}")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--number", type=int, help="check this input alone")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.number is None:
        counts, findings = fuzz(asked.seed, asked.minutes)
        report(counts, findings)
        sys.exit(bool(findings))
    name, given = input_of(asked.seed, asked.number)
    print(given)
    refused, kind, detail = tried(CHECKS[name].check, given)
    print(f"wrong: {kind}\n{detail}" if kind else "refused" if refused else "right")
    sys.exit(kind is not None)


if __name__ == "__main__":
    main()
