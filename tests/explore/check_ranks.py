#!/usr/bin/env python3
"""Who gives way to whom where threads share processors: check_ranks.py [--show] NTLAB FOLDER ranks.list [NAME...], or --seed N --count N, --cpus N --program TEXT instead of the table

A program is a few threads with a priority and an affinity each, and DPCs, that leave marks (ranks.c). The orders that the marks can come in on so many processors are found here by a
model of what docs/explore.md says of `--cpus`, which shares nothing with the kernel or the explorer: every schedule that strict priorities allow is tried. Then the driver is
searched at random: each order that it sees must be one of the model's, and there must be as many traces as the model has.
"""
import argparse
import ast
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile

CODES = {name: number for number, name in enumerate(("END", "THREAD", "DPC", "MARK", "RAISE", "LOWER", "SET", "WAIT", "LOCK", "TRY", "UNLOCK", "SPIN", "UNSPIN", "QUEUE", "LEVEL"))}
LOW, MEDIUM, HIGH = range(3)
FIRST = 31       # DriverEntry's priority
MOST = 100       # traces
LOOKED_AT = 512  # runs of a search whose traces are all told (host/explore/variety.h, V1)
KNOWN, UNKNOWN = "0x000000E2", "0xDEADDEAD"
STATES = 60000
DISPATCH = 2
OBJECT = {"UNLOCK": "LOCK", "TRY": "LOCK", "UNSPIN": "SPIN", "SET": "WAIT"}

passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"not ok {what} {detail}", flush=True)


class Model:
    """
    State: for each thread where it stands, its processor (None: it has none), priority and affinity; for each processor the DPC that runs there and where that stands, those that are queued, and
    whether they come first; what the events, locks and so on are; what each object has seen.
    """

    def __init__(self, program, processors):
        self.processors = processors
        self.code, self.kinds = [], []
        self.threads, self.dpcs = [], []
        for (kind, first, second), *rest in program:
            (self.threads if kind == "THREAD" else self.dpcs).append(len(self.code))
            self.kinds.append((kind, first, second))
            self.code.append(self.compile(kind, rest))
        self.threads.append(len(self.code))  # DriverEntry, which waits for all of them
        self.kinds.append(("THREAD", FIRST, 0))
        self.code.append([("NOTHING", 0, 0, 0)])

    @staticmethod
    def compile(kind, code):
        """Its steps, each with the IRQL at which it stands in front of it."""
        out, level = ([("NOTHING", 0, 0, 0)], 0) if kind == "THREAD" else ([], DISPATCH)
        before = level
        for name, what, rest in code:
            if name in ("RAISE", "SPIN") and level < DISPATCH:
                out.append(("NOTHING", 0, 0, level))
            if name == "RAISE":
                before, level = level, DISPATCH
            elif name == "LOWER":
                level = before
            elif name == "SPIN":
                before, level = level, DISPATCH
                out.append((name, what, rest, level))
            else:
                out.append((name, what, rest, level))
                level = before if name == "UNSPIN" else level
        return out

    def begin(self):
        """DriverEntry is about to wait; who had the other processors while it made them all is anybody's guess."""
        everywhere = (1 << self.processors) - 1
        threads = tuple((0, None, self.kinds[i][1], self.kinds[i][2] or everywhere) for i in self.threads[:-1])
        for order in itertools.permutations(range(len(threads))):
            placed, free = list(threads), set(range(1, self.processors))
            for i in order:
                cpu = next((cpu for cpu in sorted(free) if threads[i][3] >> cpu & 1), None)
                free.discard(cpu)
                placed[i] = 0, cpu, *threads[i][2:]
            yield (*placed, (0, 0, FIRST, everywhere)), tuple((None, (), False) for _ in range(self.processors)), (), ()

    def step_of(self, thread, threads):
        code = self.code[self.threads[thread]]
        return code[threads[thread][0]] if threads[thread][0] < len(code) else None

    @staticmethod
    def enabled(step, values):
        if step is None:
            return False
        held = dict(values)
        return held.get(step[:2], 0) > 0 if step[0] == "WAIT" else held.get(step[:2], 0) == 0 if step[0] in ("LOCK", "SPIN") else True

    def is_ready(self, thread, state):
        return state[0][thread][1] is None and self.enabled(self.step_of(thread, state[0]), state[2])

    def runner(self, cpu, threads):
        return next((i for i, one in enumerate(threads) if one[1] == cpu), None)

    def settle(self, state):
        """Who has ended or has to wait has no processor; and no processor is idle while somebody could have it."""
        threads, cpus, values, seen = state
        threads = list(threads)
        for i, (at, cpu, priority, affinity) in enumerate(threads):
            step = self.step_of(i, threads)
            if cpu is not None and (step is None or (step[3] < DISPATCH and not self.enabled(step, values))):
                threads[i] = at, None, priority, affinity
        state = tuple(threads), cpus, values, seen
        for cpu in range(self.processors):
            if self.runner(cpu, threads) is not None:
                continue
            able = [i for i in range(len(threads)) if self.is_ready(i, state) and threads[i][3] >> cpu & 1]
            best = max((threads[i][2] for i in able), default=None)
            out = []
            for i in able:
                if threads[i][2] == best:
                    at, _, priority, affinity = threads[i]
                    out += self.settle((tuple(threads[:i]) + ((at, cpu, priority, affinity),) + tuple(threads[i + 1:]), cpus, values, seen))
            if out:
                return out
        return [state]

    def irql(self, thread, threads):
        step = self.step_of(thread, threads)
        return step[3] if step else 0

    def outranked(self, cpu, priority, state, but=None):
        return any(i != but and one[2] > priority and one[3] >> cpu & 1 and self.is_ready(i, state) and self.places(i, state) for i, one in enumerate(state[0]))

    def places(self, thread, state):
        """Whose processors it could have."""
        threads, cpus, values, seen = state
        able = []
        for i, (_, cpu, priority, _) in enumerate(threads):
            if cpu is not None and threads[thread][3] >> cpu & 1 and priority <= threads[thread][2] and self.irql(i, threads) < DISPATCH and cpus[cpu][0] is None and not cpus[cpu][2]:
                able.append((priority, cpu, i))
        return [(cpu, i) for priority, cpu, i in able if priority == min(able)[0]]

    @staticmethod
    def note(seen, who, names, reads=False):
        seen = dict(seen)
        for name in names:
            history = seen.get(name, ())
            if not reads:
                history += (who,)
            elif history and isinstance(history[-1], frozenset):
                history = (*history[:-1], history[-1] | {who})
            else:
                history += (frozenset({who}),)
            seen[name] = history
        return tuple(sorted(seen.items()))

    def queue(self, dpc, cpu, cpus):
        _, target, importance = self.kinds[self.dpcs[dpc]]
        to = target - 1 if target else cpu
        if all(dpc not in queue for _, queue, _ in cpus):
            active, queue, demands = cpus[to]
            cpus[to] = active, (dpc, *queue) if importance == HIGH else (*queue, dpc), demands or importance == HIGH or (to == cpu and importance != LOW)

    def do(self, step, who, cpu, state):
        """The step of a thread or DPC on that processor."""
        threads, cpus, values, seen = state
        name, what, rest, _ = step
        threads, cpus, values = list(threads), list(cpus), dict(values)
        reads = name == "TRY" and values.get(("LOCK", what), 0) > 0
        if name == "SET":
            values["WAIT", what] = 1
        elif name == "WAIT":
            values["WAIT", what] = 0
        elif name in ("LOCK", "SPIN"):
            values[name, what] = 1
        elif name == "TRY":
            values["LOCK", what] = 1
            at, *others = threads[who[1]]
            threads[who[1]] = at + rest * reads, *others
        elif name in ("UNLOCK", "UNSPIN"):
            values[name[2:], what] = 0
        elif name == "LEVEL":
            threads[what] = *threads[what][:2], rest, threads[what][3]
        elif name == "QUEUE":
            self.queue(what, cpu, cpus)
        objects = {"MARK": ["marks"], "QUEUE": [f"dpc{what}"], "LEVEL": [f"thread{what}"], "NOTHING": []}.get(name, [f"{OBJECT.get(name, name)}{what}"])
        seen = self.note(seen, (*who, what) if name == "MARK" else who, objects, reads)
        if who[0] == "thread" and state[1][cpu][1]:
            seen = self.note(seen, who, [f"cpu{cpu}"])
        return tuple(threads), tuple(cpus), tuple(sorted((k, v) for k, v in values.items() if v)), seen

    def following(self, state):
        threads, cpus, values, seen = state
        for i, (at, cpu, priority, affinity) in enumerate(threads):
            step = self.step_of(i, threads)
            if cpu is None:
                if self.is_ready(i, state):
                    for place, other in self.places(i, state):
                        if self.outranked(place, priority, state, i):
                            continue
                        moved = list(threads)
                        moved[i] = at, place, priority, affinity
                        moved[other] = threads[other][0], None, *threads[other][2:]
                        yield tuple(moved), cpus, values, seen
            elif cpus[cpu][0] is None and self.enabled(step, values) and (step[3] >= DISPATCH or (not cpus[cpu][2] and not self.outranked(cpu, priority, state))):
                stepped = threads[:i] + ((at + 1, cpu, priority, affinity),) + threads[i + 1:]
                yield self.do(step, ("thread", i, at), cpu, (stepped, cpus, values, seen))
        for cpu, (active, queue, demands) in enumerate(cpus):
            if active is not None:
                dpc, at, times = active
                code = self.code[self.dpcs[dpc]]
                if not self.enabled(code[at], values):
                    continue
                after = list(self.do(code[at], ("dpc", dpc, times, at), cpu, state))
                _, queue, demands = after[1][cpu]
                ended = at + 1 == len(code)
                after[1] = after[1][:cpu] + ((None if ended else (dpc, at + 1, times), queue, demands and not (ended and not queue)),) + after[1][cpu + 1:]
                yield tuple(after)
            elif queue:
                runner = self.runner(cpu, threads)
                if runner is None or self.irql(runner, threads) < DISPATCH:
                    times = sum(one[0] == "begins" for one in dict(seen).get(f"dpc{queue[0]}", ()))
                    touched = self.note(seen, ("begins", queue[0], times), [f"dpc{queue[0]}", f"cpu{cpu}"])
                    yield threads, cpus[:cpu] + (((queue[0], 0, times), queue[1:], demands),) + cpus[cpu + 1:], values, touched

    def count(self):
        """
        How many traces there are whoever has a processor at first, how many there may be, all orders of the marks, and whether somebody may wait for ever. None: there are too many.
        """
        every = [self.search(one) for one in sorted(set(self.begin()), key=repr)]
        if any(one is None for one in every):
            return None
        orders = {tuple(one[-1] for one in dict(trace).get("marks", ())) for traces in every for trace, stuck in traces if not stuck}
        return len(set.intersection(*every)), len(set.union(*every)), sorted(orders), any(stuck for traces in every for _, stuck in traces)

    def search(self, begin):
        todo = self.settle(begin)
        known, traces = set(todo), set()
        while todo:
            state = todo.pop()
            last = True
            for after in self.following(state):
                last = False
                for one in self.settle(after):
                    if one not in known:
                        known.add(one)
                        todo.append(one)
            if len(known) > STATES or len(traces) > MOST:
                return None
            if last:
                traces.add((state[3], any(self.step_of(i, state[0]) is not None for i in range(len(state[0])))))
        return traces


class Ranks:
    """Searches of programs, in a folder of its own."""

    def __init__(self, ntlab, driver, folder):
        self.ntlab, self.driver, self.folder = ntlab, driver, folder

    def search(self, program, processors, orders, hangs, strategy):
        """How many traces it sees, and what is wrong."""
        values = {"Program": b"".join(b"".join(bytes((CODES[name], *rest)) for name, *rest in code) + b"\0" for code in program) + b"\0",
                  "Orders": bytes((len(orders[0]),)) + b"".join(map(bytes, orders))}
        with open(f"{self.folder}/program.reg", "w", encoding="utf-8") as out:
            out.write("Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\explore-ranks\\Parameters]\n" +
                      "".join(f'"{name}"=hex:{",".join(f"{byte:02x}" for byte in value)}\n' for name, value in values.items()))
        words = [self.ntlab, "explore", "--keep-going", "--inject", "none", "--cpus", str(processors), "--reg", "program.reg", "--json", "-", "--strategy", strategy, "--budget", f"{LOOKED_AT}runs",
                 self.driver]
        run = subprocess.run(words, capture_output=True, text=True, cwd=self.folder)
        try:
            result = json.loads(run.stdout)
        except ValueError:
            return 0, run.stderr[-3000:]
        for one in result["findings"]:
            if one.get("code") == UNKNOWN:
                return 0, list(b"".join(int(word, 16).to_bytes(8, "little") for word in one["parameters"][:2]).rstrip(b"\0"))
            if one.get("code") != KNOWN and not (one["kind"] in ("hang", "deadlock") and hangs):
                return 0, one.get("message")
        return result["search"]["traces"], None

    def replay(self):
        """The first finding of the last search: does it come out the same?"""
        run = subprocess.run([self.ntlab, "replay", "findings/1.ntr"], capture_output=True, text=True, cwd=self.folder)
        return run.returncode == 1 and "differs" not in run.stderr, run.stderr[-500:]


class Draw:
    def __init__(self, draw):
        self.draw = draw
        self.processors = draw.choice((1, 1, 2, 2, 2, 3))
        self.marks = 0
        self.events = draw.sample(range(4), 2)
        self.dpcs = draw.choice((0, 0, 0, 1, 1, 2))
        self.kinds = ["MARK"] * 3 + draw.sample(("RAISE", "SPIN", "LOCK", "TRY", "LEVEL", "SET"), 2) + ["QUEUE"] * (self.dpcs > 0)

    def mark(self):
        self.marks += 1
        return "MARK", self.marks, 0

    def block(self, held, threads):
        kind = self.draw.choice(self.kinds)
        which = self.draw.randrange(2)
        if kind == "MARK" or (kind in ("RAISE", "SPIN") and held & {"RAISE", "SPIN"}) or (kind in ("LOCK", "TRY") and held & {"RAISE", "SPIN", f"LOCK{which}"}):
            return [self.mark()]
        if kind in ("RAISE", "SPIN", "LOCK"):
            inside = [one for _ in range(self.draw.choice((1, 1, 2))) for one in self.block(held | {kind, f"{kind}{which}"}, threads)]
            return [(kind, which, 0), *inside, ("LOWER" if kind == "RAISE" else "UN" + kind, which, 0)]
        if kind == "TRY": # what it marks does not depend on whether it could
            return [(kind, which, 1), ("UNLOCK", which, 0), self.mark()]
        if kind == "LEVEL":
            return [(kind, self.draw.randrange(threads), self.draw.randrange(17, 21)), self.mark()]
        if kind == "SET":
            return [(kind, self.draw.choice(self.events), 0), self.mark()]
        return [(kind, self.draw.randrange(self.dpcs), 0), self.mark()]

    def program(self):
        draw = self.draw
        threads = draw.choice((2, 2, 3, 3, 3, 4))
        program = []
        for _ in range(threads):
            affinity = 1 << draw.randrange(self.processors) if self.processors > 1 and draw.random() < 0.2 else 0
            code = [one for _ in range(draw.choice((1, 2))) for one in self.block(frozenset(), threads)]
            if "SET" in self.kinds and draw.random() < 0.5:
                code = [("WAIT", draw.choice(self.events), 0), *code]
            program.append([("THREAD", draw.randrange(17, 21), affinity), *code])
        for _ in range(self.dpcs):
            target = draw.randrange(self.processors) + (self.processors > 1)
            program.append([("DPC", target, draw.choice((LOW, MEDIUM, MEDIUM, HIGH))), *[self.mark() for _ in range(draw.choice((1, 1, 2)))]])
        return program


def expected(program, processors):
    """
    The fewest and the most traces, the orders, and whether it may hang; None: too many to be met by chance. Of a thread that has no processor it is not said that its step touches the one where a DPC is
    queued (explore.c, E5), so where there are DPCs only that there are as many traces as orders is asked.
    """
    found = Model(program, processors).count()
    if found is None or not found[2] or found[1] > 30 or len({len(order) for order in found[2]}) > 1:
        return None
    least, most, orders, hangs = found
    if any(code[0][0] == "DPC" for code in program):
        least, most = min(least, len(orders)), 1000
    return least, most, orders, hangs


def share_of(program, chosen):
    """How much of that has to be met. Where a thread may not run everywhere, who stood where at first matters, and that is seldom otherwise than most often."""
    bound = any(code[0][0] == "THREAD" and code[0][2] != 0 for code in program)
    return 0.8 if bound == chosen else 1.0 if chosen else 0.4


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", help="only this one, on --cpus processors")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--seed", type=int, help="only programs that are drawn with it, --count")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("ntlab")
    parser.add_argument("folder")
    parser.add_argument("table", nargs="?")
    parser.add_argument("row", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ranks = Ranks(os.path.abspath(options.ntlab), os.path.abspath(f"{options.folder}/explore-ranks.sys"), folder)

        def compare(program, processors, asked, chosen):
            least, most, orders, hangs = asked
            seen = 0
            for strategy in ("surw", "random", "portfolio"):
                traces, wrong = ranks.search(program, processors, orders, hangs, strategy)
                check("an order that cannot be:", wrong is None, f"{wrong} with {processors} of {program}")
                check("traces:", traces <= most, f"{strategy} has {traces}, not {most} with {processors} of {program}")
                seen = max(seen, traces)
                if seen >= least:
                    break
            check("traces:", seen >= share_of(program, chosen) * least, f"{seen} of {least} with {processors} of {program}")
            if options.show:
                print(least, most, seen, processors, program, flush=True)

        def choose(program, processors):
            compare(program, processors, expected(program, processors), True)

        def draw(seed, count):
            source = random.Random(seed)
            while count > 0:
                one = Draw(source)
                program = one.program()
                asked = expected(program, one.processors)
                if asked is not None and (asked[1] > 1 or source.random() < 0.2):
                    compare(program, one.processors, asked, False)
                    count -= 1

        if options.program:
            choose(ast.literal_eval(options.program), options.cpus)
        elif options.seed is not None:
            draw(options.seed, options.count)
        else:
            for line in open(options.table, encoding="utf-8"):
                name, *fields = (field.strip() for field in line.split("|"))
                if line.startswith("#") or (options.row and name not in options.row):
                    continue
                if fields[0] == "-":
                    draw(*map(int, fields[1].split()))
                else:
                    choose(ast.literal_eval(fields[1]), int(fields[0]))
            check("replays:", *ranks.replay())  # with the registry that it was found with
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
