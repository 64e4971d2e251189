#!/usr/bin/env python3
"""Programs drawn by chance, counted twice: check_drawn.py [--seed N] [--count N] [--wide N] [--show] NTLAB FOLDER

A program is a few threads that do things with events, a semaphore, locks and words (drawn.c has the instructions). Its traces, and those at whose end
somebody waits for ever, are counted here by a model that shares nothing with the kernel or the explorer (check_models.py: every order is tried, and a
trace is what each object has seen), and by dpor, odpor and bounded of the driver. What a random walk and POS meet must not be more.

Others have timers, DPCs, pulses, push locks and what else drawn.c knows (class Wide). No model is written of these: they are counted by `--strategy lattice`, which tries each
beginning of a trace once, and says so where two orders of one trace leave different questions.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import check_models
from check_models import ADD, ALL, ANY, CLEAR, EXCHANGE, GATE, LEAVE, LOCK, READ, RELEASE, SET, SHARE, TRY, TRY_LOCK, UNLOCK, WAIT

MOST = 300       # traces: a program with more is not taken
BEGINNINGS = 4000
CODES = {name: number for number, name in enumerate(("END", "SET", "CLEAR", "WAIT", "TRY", "TIMED", "ADD", "EXCHANGE", "LOCK", "TRY_LOCK", "SHARE", "UNLOCK", "ANY", "ALL", "LOOK", "IF",
                                                       "ROUTINE", "ARM", "DISARM", "QUEUE_DPC", "UNQUEUE", "FLUSH", "PULSE", "ANY_TIMED", "ALL_TIMED", "ANY_TRY", "ALL_TRY", "TRY_SHARE",
                                                       "CONVERT", "STARVE", "RUNDOWN", "REMOVE", "START", "JOIN", "UNLOCK_SHARED", "INSERT_HEAD"))}
NOTIFICATION, SEMAPHORE, QUEUE, TIMERS = 2, 3, 4, (5, 6)
RESOURCE, SPIN_LOCK, RUN_REF, REMOVE_LOCK, PUSH_LOCK = 3, 4, 5, 6, 7
AT_DISPATCH = ("SET", "CLEAR", "TRY", "LOOK", "ADD", "EXCHANGE") # what waits for nothing

# What was found so, made small. A wait for any that had to wait when a step was made cannot have come before that, but before an earlier one: dpor
# looked no further (3 of 4, 5 of 6).
FOUND = [
    [[("LOCK", 0, 0), ("CLEAR", 1, 0), ("TRY", 3, 0), ("SET", 1, 0), ("UNLOCK", 0, 0)], [("LOCK", 0, 0), ("UNLOCK", 0, 0), ("ANY", 3, 1)]],
    [[("ANY", 1, 0)], [("LOCK", 2, 0), ("SET", 1, 0), ("LOCK", 3, 0), ("ANY", 0, 1), ("UNLOCK", 3, 0), ("UNLOCK", 2, 0)],
     [("SHARE", 3, 0), ("LOOK", 0, 0), ("UNLOCK", 3, 0)]],
    # odpor forgot what else was to be tried where a branch turned out to be impossible (23 of 25).
    [[("TRY", 0, 0), ("SET", 0, 0)], [("WAIT", 0, 0)], [("SET", 0, 0)], [("LOOK", 0, 0)]],
    # odpor left out of a race's other order what came behind the later step (13 of 14).
    [[("CLEAR", 2, 0)], [("TRY_LOCK", 0, 0), ("IF", 1, 2), ("TRY", 2, 0), ("UNLOCK", 0, 0)], [("LOOK", 2, 0)], [("TRY_LOCK", 0, 0), ("IF", 1, 1), ("UNLOCK", 0, 0)]],
    # What a wait for any takes is a change of all that it waits for: which one it is another one's signal decides (odpor had 16 of 17 when it was one of the first only).
    [[("ANY", 3, 0)], [("SET", 3, 0)], [("WAIT", 3, 0), ("LOOK", 0, 0)], [("SET", 0, 0)]],
]
# The same of programs that the lattice counts. An attempt to have all of a resource is in vain because of those who share it: dpor and odpor had 3 of 4. What a timer's
# cancellation touches is what the timer has when one is asked. A DPC that is queued while it runs was told from one that is queued behind that by bounded (3 of 2).
WIDE_FOUND = [
    [[("TRY_LOCK", 3, 0), ("IF", 1, 1), ("UNLOCK", 3, 0)], [("TRY_SHARE", 3, 0), ("IF", 1, 1), ("UNLOCK", 3, 0)]],
    [[("ARM", 6, 1)], [("DISARM", 6, 0)], [("ROUTINE", 1, 0), ("ADD", 0, 0)]],
    [[("QUEUE_DPC", 2, 0), ("QUEUE_DPC", 2, 0)], [("ROUTINE", 2, 0), ("ADD", 0, 0)]],
]

passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"not ok {what} {detail}", flush=True)


def draw_block(draw, things, held, left):
    """Instructions: (name, object, argument). `things`: which objects and locks the program has, and how many words."""
    objects, locks, words = things
    kind = draw.choice(("SET", "SET", "SET", "CLEAR", "WAIT", "WAIT", "TRY", "TRY", "TIMED", "ANY", "ALL", "LOOK", "ADD", "EXCHANGE", "EXCHANGE", "LOCK", "LOCK", "TRY_LOCK", "SHARE"))
    if SPIN_LOCK in held and kind not in AT_DISPATCH:
        return []
    if kind in ("SET", "WAIT", "TRY", "TIMED"):
        one = draw.choice(objects)
        if one == QUEUE and SPIN_LOCK in held and kind == "TRY":
            return []
        out = [(kind, one, 0)]
    elif kind in ("ANY", "ALL"):
        several = [one for one in objects if one != QUEUE]
        out = [(kind, *draw.sample(several, 2))] if len(several) > 1 else []
    elif kind in ("CLEAR", "LOOK"):
        events = [one for one in objects if one < SEMAPHORE]
        if not events:
            return []
        out = [(kind, draw.choice(events), 0)]
    elif kind in ("ADD", "EXCHANGE"):
        out = [(kind, draw.randrange(words), draw.randrange(2))]
    else:
        free = [lock for lock in locks if lock not in held and (lock == RESOURCE) >= (kind == "SHARE") and not (lock in (RESOURCE, SPIN_LOCK) and kind == "TRY_LOCK")]
        if not free:
            return []
        lock = draw.choice(free)
        inside = [one for _ in range(draw.randrange(1, 3)) for one in draw_block(draw, things, held | {lock}, left - 1)] if left > 0 else []
        inside.append(("UNLOCK", lock, 0))
        return [(kind, lock, 0), *([("IF", 1, len(inside))] if kind == "TRY_LOCK" else []), *inside]
    if kind != "WAIT" and out and left > 0 and draw.random() < 0.35:
        inside = draw_block(draw, things, held, left - 1)
        out += [("IF", draw.randrange(2), len(inside)), *inside] if inside else []
    return out


def draw_program(draw):
    things = tuple(draw.sample(range(QUEUE + 1), draw.choice((1, 2, 2, 3)))), tuple(draw.sample(range(SPIN_LOCK + 1), draw.choice((1, 2, 2)))), draw.choice((1, 2))
    return [[one for _ in range(draw.randrange(1, 4)) for one in draw_block(draw, things, frozenset(), 2)] or [("SET", things[0][0], 0)]
            for _ in range(draw.choice((2, 2, 3, 3, 4)))]


class Wide:
    """Draws a program with all that drawn.c knows; none of these has a model, so the lattice counts them."""

    TWO = ("ANY", "ALL", "ANY_TIMED", "ALL_TIMED", "ANY_TRY", "ALL_TRY")
    SHARED = {"SHARE": (RESOURCE, PUSH_LOCK), "TRY_SHARE": (RESOURCE,), "STARVE": (RESOURCE,)}

    def __init__(self, draw):
        self.draw = draw
        self.objects = draw.sample(range(7), draw.choice((1, 2, 2, 3)))
        self.locks = draw.sample(range(8), draw.choice((0, 1, 1, 2)))
        self.kinds = ["SET", "WAIT", "TRY", "TIMED", "CLEAR", "LOOK", *draw.sample((*self.TWO, "ADD", "EXCHANGE"), 2)]
        self.kinds += draw.sample(("PULSE", "FLUSH", "RUNDOWN", "REMOVE", "START", "START"), draw.choice((0, 1, 1)))
        self.kinds += [kind for kind in ("ARM", "ARM", "DISARM") if set(self.objects) & set(TIMERS)]
        self.kinds += ["LOCK", "LOCK", "TRY_LOCK", *self.SHARED] if self.locks else []
        self.dpcs = draw.sample((1, 2), draw.choice((0, 0, 1, 1, 2)))
        self.kinds += ["QUEUE_DPC", "QUEUE_DPC", "UNQUEUE"] if self.dpcs else []
        self.routines = [3, 4]   # that nobody has started yet
        self.lists = []
        self.once = set()

    def several(self, most, held=frozenset()):
        return [one for _ in range(self.draw.randrange(1, most + 1)) for one in self.block(held, 2)]

    def deferred(self):
        """What a DPC does: it does not come of itself again, or it would for ever."""
        return [("ADD", 0, 0) if name == "QUEUE_DPC" else (name, which, 0 if name == "ARM" else rest)
                for name, which, rest in self.several(2, frozenset({SPIN_LOCK}))] or [("ADD", 0, 0)]

    def block(self, held, left):
        draw, kind = self.draw, self.draw.choice(self.kinds)
        dispatch = SPIN_LOCK in held
        if dispatch and kind not in (*AT_DISPATCH, "ARM", "DISARM", "QUEUE_DPC", "UNQUEUE", "ANY_TRY", "ALL_TRY"):
            return []
        events, timers = ([one for one in self.objects if one in group] for group in (range(SEMAPHORE), TIMERS))
        if kind in ("WAIT", "TRY", "TIMED"):
            one = draw.choice(self.objects)
            out = [] if one == QUEUE and dispatch else [(kind, one, 0)]
        elif kind == "SET":
            one = draw.choice([one for one in self.objects if one not in TIMERS] or [0])
            out = [("INSERT_HEAD" if one == QUEUE and draw.random() < 0.3 else kind, one, 0)]
        elif kind in self.TWO:
            of = [one for one in self.objects if one != QUEUE]
            out = [(kind, *draw.sample(of, 2))] if len(of) > 1 else []
        elif kind in ("CLEAR", "PULSE"):
            out = [(kind, draw.choice(events), 0)] if events else []
        elif kind == "LOOK":
            out = [(kind, draw.choice(events + timers), 0)] if events + timers else []
        elif kind in ("ARM", "DISARM"):
            out = [(kind, draw.choice(timers), draw.choice((0, *self.dpcs)) if kind == "ARM" else 0)]
        elif kind in ("QUEUE_DPC", "UNQUEUE"):
            out = [(kind, draw.choice(self.dpcs), 0)]
        elif kind in ("ADD", "EXCHANGE"):
            out = [(kind, draw.randrange(2), draw.randrange(2))]
        elif kind == "FLUSH":
            out = [(kind, 0, 0)] if self.dpcs and not held else []
        elif kind in ("RUNDOWN", "REMOVE"):
            lock = RUN_REF if kind == "RUNDOWN" else REMOVE_LOCK
            if kind in self.once or lock in held:
                return []
            self.once.add(kind)
            self.locks.append(lock)
            self.kinds += ["TRY_LOCK", "TRY_LOCK"]
            return [(kind, 0, 0)] if kind == "RUNDOWN" else [("TRY_LOCK", lock, 0), (kind, 0, 0)]
        elif kind == "START":
            if not self.routines:
                return []
            number = self.routines.pop()
            self.lists.append([("ROUTINE", number, 0), *(self.several(2) or [("LOOK", 0, 0)])])
            return [(kind, number, 0), *(self.block(held, left - 1) if left > 0 else []), *([("JOIN", number, 0)] if draw.random() < 0.5 else [])]
        else:
            return self.region(kind, held, left)
        if kind != "WAIT" and out and left > 0 and draw.random() < 0.35:
            inside = self.block(held, left - 1)
            out += [("IF", draw.randrange(2), len(inside)), *inside] if inside else []
        return out

    def region(self, kind, held, left):
        may = {"LOCK": (0, 1, 2, RESOURCE, SPIN_LOCK, PUSH_LOCK), "TRY_LOCK": (0, 1, 2, RESOURCE, RUN_REF, REMOVE_LOCK)} | self.SHARED
        free = [lock for lock in self.locks if lock not in held and lock in may[kind]]
        if not free:
            return []
        lock = self.draw.choice(free)
        inside = [one for _ in range(self.draw.randrange(1, 3)) for one in self.block(held | {lock}, left - 1)] if left > 0 else []
        if kind in ("LOCK", "TRY_LOCK") and lock == RESOURCE and self.draw.random() < 0.4:
            inside += [("CONVERT", 0, 0), *(self.block(held | {lock}, left - 1) if left > 0 else [])]
        inside.append(("UNLOCK_SHARED" if kind == "SHARE" and lock == PUSH_LOCK else "UNLOCK", lock, 0))
        return [(kind, lock, 0), *([("IF", 1, len(inside))] if kind.startswith("TRY") else []), *inside]

    def program(self):
        threads = [self.several(3) or [("LOOK", 0, 0)] for _ in range(self.draw.choice((2, 2, 3)))]
        return threads + self.lists + [[("ROUTINE", number, 0), *self.deferred()] for number in self.dpcs]


def model_of(program):
    def thread(code):
        last, at, shares = 0, 0, False
        while at < len(code):
            name, which, argument = code[at]
            at += 1
            if name == "IF":
                at += argument if last != which else 0
            elif name in ("ADD", "EXCHANGE"):
                last = yield f"word{which}", ADD if name == "ADD" else EXCHANGE, argument
            elif name == "TRY_LOCK":
                last = int((yield f"lock{which}", TRY_LOCK) == 0)
            elif name in ("LOCK", "SHARE", "UNLOCK"):
                kind = {"LOCK": LOCK, "SHARE": SHARE, "UNLOCK": LEAVE if shares and which == RESOURCE else UNLOCK}[name]
                shares = name == "SHARE" if which == RESOURCE else shares
                yield f"lock{which}", kind
            elif name == "WAIT":
                yield f"object{which}", GATE if which == NOTIFICATION else WAIT
            elif name in ("ANY", "ALL"):
                both = [(f"object{one}", one != NOTIFICATION) for one in (which, argument)]
                last = yield both[0][0], ANY if name == "ANY" else ALL, *both
                last = last if name == "ANY" else 0
            elif name in ("TRY", "TIMED"):
                last = min((yield f"object{which}", READ if which == NOTIFICATION else TRY), 1)
            else:
                last = yield f"object{which}", READ if name == "LOOK" else CLEAR if name == "CLEAR" else RELEASE if which >= SEMAPHORE else SET

    values = {"object0": 0, "object1": 1, "object2": 0, "object3": 1, "object4": 0, "word0": 0, "word1": 0, **{f"lock{i}": 0 for i in range(5)}}
    return lambda: (dict(values), [thread(code) for code in program])


def code_of(program):
    return b"".join(b"".join(bytes((CODES[name], *rest)) for name, *rest in thread) + b"\0" for thread in program) + b"\0"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--wide", type=int, default=20)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("ntlab")
    parser.add_argument("folder")
    options = parser.parse_args()
    ntlab, driver = os.path.abspath(options.ntlab), os.path.abspath(f"{options.folder}/explore-drawn.sys")
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        def search(program, strategy, budget):
            code = ",".join(f"{byte:02x}" for byte in code_of(program))
            with open(f"{folder}/program.reg", "w", encoding="utf-8") as out:
                out.write("Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\explore-drawn\\Parameters]\n"
                          f'"Program"=hex:{code}\n')
            words = [ntlab, "explore", "--keep-going", "--inject", "none", "--granularity", "atomics", "--reg", "program.reg", "--json", "-", "--strategy",
                     strategy, "--budget", budget, driver]
            said = subprocess.run(words, capture_output=True, text=True, cwd=folder)
            try:
                return json.loads(said.stdout)["search"]
            except ValueError:
                return {"error": said.stderr[-600:]}

        def compare(program, found):
            if options.show:
                print(found, program, flush=True)
            for strategy in ("dpor", "odpor", "bounded"):
                result = search(program, strategy, "20000runs")
                if strategy == "bounded" and result.get("outcome") == "budget":
                    continue
                told = (result.get("outcome"), result.get("traces"), result.get("bad"))
                check(f"{strategy}: {told}, not {found} of {program}", told == ("exhausted", *found), result.get("error", ""))
            for strategy in ("random", "pos"):
                result = search(program, strategy, "200runs")
                check(f"{strategy}: {result.get('traces')} are not some of {found} of {program}", 0 < result.get("traces", 0) <= found[0], result.get("error", ""))

        def by_model(program, most=BEGINNINGS):
            found = check_models.count(model_of(program), most)
            if found is None or not 2 <= found[0] <= MOST:
                return False
            compare(program, found)
            return True

        def by_lattice(program, most=BEGINNINGS):
            if sum(map(len, program)) > 16:
                return False
            result = search(program, "lattice", f"{most}runs")
            if result.get("outcome") == "budget" or result.get("traces") == 1:
                return False
            found = result.get("traces"), result.get("bad")
            check(f"lattice: {result.get('outcome')} of {program}", result.get("outcome") == "exhausted", result.get("error", ""))
            if result.get("outcome") == "exhausted":
                compare(program, found)
            return True

        for count, first, drawn, take in ((options.count, FOUND, lambda: draw_program(draw), by_model), (options.wide, WIDE_FOUND, lambda: Wide(draw).program(), by_lattice)):
            for program in first:
                check(f"too large: {program}", take(program, 10 * BEGINNINGS))
            taken = len(first)
            while taken < count:
                taken += take(drawn())
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
