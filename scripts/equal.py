"""What two bletwins say of the same runs, field by field; the second half of scripts/equal.sh.

equal.py run BINARY SEEDS FILE     every scenario, preset, central and seed: a line of JSON each
equal.py pairs BINARY PART FILE    a part (K/N) of all pairs of procedures: adds a line for each
equal.py compare BEFORE AFTER [EXCEPTIONS]    exit status 1 if anything differs without a reason

An exception has a reason, the fields that may differ, and optionally a pattern for the runs (cell)
and ids: whatever findings or observations differ must be of these (rules).
"""

import collections
import concurrent.futures
import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib

# What has a field of its own; whatever else `run --json` says is the outcome.
APART = {"trace_sha256", "hci_sha256", "findings", "observations", "why", "hypotheses"}
# A PDU that Why names, and where it was: `LL_PHY_REQ (event 2, 0.146 s)`.
PLACE = re.compile(r"([A-Z]\w*(?: [A-Z]\w*)*) \((event \d+, [0-9.]+ s)")
# How a line of a log begins.
STAMP = re.compile(r"\[\d\d:\d\d:\d\d\.")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def ask(binary, scenario, preset, central, seed, form):
    command = [binary, "run", scenario, "--peripheral", preset, "--central", central]
    command += ["--seed", str(seed), form]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def violations(found):
    return [[each["rule"], each.get("culprit"), each["at_us"]] for each in found]


def stamped(text):
    """The lines of logs, which begin with the time, without the words that stand about them."""
    return "\n".join(line for line in text.splitlines() if STAMP.match(line))


def fields(run, log):
    """The fields of a run that are compared apart, so that new words hide no equal octets."""
    said = {"exit": [run.returncode, log.returncode], "log": digest(stamped(log.stdout))}
    try:
        told = json.loads(run.stdout)
    except json.JSONDecodeError:
        # Refused, or worse: the words are all there is.
        return said | {"outcome": "none", "words": run.stdout + run.stderr}
    why = told.get("why") or ""
    lists = {key: told.get(key) or [] for key in ("findings", "observations")}
    said |= {
        "air": told["trace_sha256"],
        "hci": told["hci_sha256"],
        "outcome": {key: value for key, value in told.items() if key not in APART},
        "why": PLACE.findall(why)[:1],
        "words": digest(why + json.dumps([[each["text"] for each in lists[key]] for key in lists])),
    }
    return said | {key: violations(lists[key]) for key in lists}


def listed(binary):
    names = collections.defaultdict(list)
    for entry in json.loads(subprocess.check_output([binary, "list", "--json"])):
        names[entry["kind"]].append(entry["name"])
    return names


def run(binary, seeds, file):
    names = listed(binary)
    cells = [
        (scenario, preset, central, seed)
        for scenario in names["scenario"]
        for preset in names["peripheral"]
        for central in names["central"]
        for seed in range(1, seeds + 1)
    ]

    def line(cell):
        said = fields(ask(binary, *cell, "--json"), ask(binary, *cell, "--log"))
        return json.dumps({"cell": " ".join(map(str, cell)), **said}) + "\n"

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool, open(file, "w") as out:
        out.writelines(pool.map(line, cells))


def pairs(binary, part, file):
    with open(file, "a") as out:
        for preset in listed(binary)["peripheral"]:
            command = [binary, "explore", "--pairs", "--peripheral", preset]
            command += ["--shard", part, "--json"]
            told = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
            for pair in told["pairs"]:
                counts = {key: pair[key] for key in ("units", "runs", "traces")}
                # They have had another name.
                found = pair.get("violations", pair.get("breaches"))
                line = {"cell": f"{preset} {pair['pair']}", **counts, "violations": found}
                out.write(json.dumps(line) + "\n")


def read(file):
    with open(file) as lines:
        return {said.pop("cell"): said for said in map(json.loads, lines)}


def excuses(entry, cell, field, old, new):
    """Whether a difference falls under an exception."""
    if field not in entry["fields"] or not fnmatch.fnmatch(cell, entry.get("cell", "*")):
        return False
    if "rules" not in entry:
        return True
    old, new = old or [], new or []
    return all(each[0] in entry["rules"] for each in old + new if (each in old) != (each in new))


def compare(before, after, exceptions):
    before, after = read(before), read(after)
    shared = [cell for cell in before if cell in after]
    print(f"{len(shared)} runs of both, {len(before) - len(shared)} of the first alone, "
          f"{len(after) - len(shared)} of the second alone")
    differing, used, open_ = collections.Counter(), collections.Counter(), []
    for cell in shared:
        old, new = before[cell], after[cell]
        for field in sorted(old.keys() | new.keys()):
            was, now = old.get(field), new.get(field)
            if was == now:
                continue
            differing[field] += 1
            under = [e["reason"] for e in exceptions if excuses(e, cell, field, was, now)]
            if under:
                used[under[0]] += 1
            else:
                open_.append(f"{cell}: {field}: {json.dumps(was)} -> {json.dumps(now)}")
    equal = sum(before[cell] == after[cell] for cell in shared)
    print(f"{equal} are equal in all; runs that differ, by field:", dict(differing) or "none")
    for reason, count in used.items():
        print(f"{count} differences: {reason}")
    print(*open_, sep="\n", end="\n" if open_ else "")
    print(f"{len(open_)} differences without a reason" if open_ else "nothing else differs")
    return 1 if open_ or not shared else 0


def main(verb, *rest):
    if verb == "run":
        binary, seeds, file = rest
        return run(binary, int(seeds), file)
    if verb == "pairs":
        return pairs(*rest)
    exceptions = []
    if len(rest) > 2:
        with open(rest[2], "rb") as file:
            exceptions = tomllib.load(file)["exception"]
    return compare(rest[0], rest[1], exceptions)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
