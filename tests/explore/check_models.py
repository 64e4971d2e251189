#!/usr/bin/env python3
"""The numbers of programs.list for modelled.c and lockfree.c, counted without a kernel or an explorer: check_models.py programs.list

A model is a list of threads, each a generator of steps (object, kind); what a step gives comes back from the yield. Every order of the steps is tried, and a
trace is what each object has seen: who wrote to it in which order, and which reads came between two writes. Orders in which each
object sees the same are one trace. Nothing is assumed of what can be left out: of two beginnings with one trace the second is not gone on with,
which is all."""
import sys

READ, WRITE, ACQUIRE, RELEASE, WAIT, SET, START, JOIN = range(8)
# Of check_drawn.py: what is tried at once (an object, a lock), an event's other things, words, a lock that can be shared.
TRY, TRY_LOCK, CLEAR, GATE, ADD, EXCHANGE, LOCK, UNLOCK, SHARE, LEAVE, ANY, ALL = range(8, 20)
# Of lockfree.c: to another value if it is what is expected, and by how much.
SWAP, CHANGE = range(100, 102)
OF_ITS_OWN = (START, JOIN)  # a thread's start and end are seen by those two alone


class Run:
    """A beginning, made again from its steps."""

    def __init__(self, model, schedule):
        self.values, threads, *bad = model()
        self.bad = bad[0] if bad else lambda: False
        self.threads, self.pending, self.steps, self.seen = [], [], [], {}
        for thread in threads:
            self.add(thread)
        for thread in schedule:
            self.step(thread)

    def add(self, thread):
        self.threads.append(thread)
        self.steps.append(0)
        self.pending.append(next(thread, None))

    def can(self, thread):
        if self.pending[thread] is None:
            return False
        name, kind, *rest = self.pending[thread]
        if kind == GATE and rest and callable(rest[0]):
            return rest[0](self.values[name])
        if kind in (ACQUIRE, WAIT, GATE):
            return self.values[name] > 0
        if kind in (ANY, ALL):  # rest: each object, and whether a wait takes it
            return (any if kind == ANY else all)(self.values[one] > 0 for one, _ in rest)
        if kind in (LOCK, SHARE):
            return self.values[name] == 0 or (kind == SHARE and self.values[name] > 0)
        return kind != JOIN or self.pending[rest[0]] is None

    def step(self, thread):
        name, kind, *rest = self.pending[thread]
        result = before = self.values.get(name)
        reads = kind in (READ, GATE, SHARE, LEAVE)
        if kind == WRITE:
            self.values[name] = rest[0]
        elif kind in (ACQUIRE, WAIT, LEAVE):
            self.values[name] -= 1
        elif kind in (RELEASE, ADD, SHARE):
            self.values[name] += 1
        elif kind == CHANGE:
            self.values[name] += rest[0]
        elif kind == SWAP:
            reads = before != rest[0]
            self.values[name] = before if reads else rest[1]
        elif kind == SET:
            self.values[name] = 1
        elif kind in (CLEAR, UNLOCK):
            self.values[name] = 0
        elif kind == LOCK:
            self.values[name] = -1
        elif kind in (TRY, TRY_LOCK, EXCHANGE):  # where it does not come about it has only looked
            reads = not (before > 0 if kind == TRY else before == 0 if kind == TRY_LOCK else before == rest[0])
            if not reads:
                self.values[name] = {TRY: before - 1, TRY_LOCK: -1, EXCHANGE: before + 1}[kind]
        elif kind == ANY:  # the first one that it can; but which that is depends on all of them
            result = next(i for i, (one, _) in enumerate(rest) if self.values[one] > 0)
        elif kind == START:
            result = len(self.threads)
            self.add(rest[0]())
        if kind in (ANY, ALL):
            for i, (one, takes) in enumerate(rest):
                self.values[one] -= takes and (kind == ALL or i == result)
                self.note(thread, one, not takes)
        elif kind not in OF_ITS_OWN:
            self.note(thread, name, reads)
        self.steps[thread] += 1
        try:
            self.pending[thread] = self.threads[thread].send(result)
        except StopIteration:
            self.pending[thread] = None

    def able(self):
        return [thread for thread in range(len(self.threads)) if self.can(thread)]

    def note(self, thread, name, reads):
        event = (thread, self.steps[thread])
        history = self.seen.setdefault(name, [])
        if not reads:
            history.append(event)
        elif history and isinstance(history[-1], set):
            history[-1].add(event)
        else:
            history.append({event})

    def trace(self):
        return (tuple(self.steps), tuple(sorted((name, tuple(frozenset(e) if isinstance(e, set) else e for e in history))
                                                for name, history in self.seen.items())))


def count(model, most=None, make=Run):
    """Traces, and those of them at whose end somebody waits for ever or has noted something bad; None: there are more beginnings than `most`, or who can go on is not said."""
    todo, known, whole, stuck = [()], set(), set(), set()
    while todo:
        schedule = todo.pop()
        run = make(model, schedule)
        trace = run.trace()
        if trace in known:
            continue
        known.add(trace)
        able = run.able()
        if able is None or (most is not None and len(known) > most):
            return None
        todo += [schedule + (t,) for t in able]
        if not able:
            whole.add(trace)
            if any(p is not None for p in run.pending) or run.bad():
                stuck.add(trace)
    return len(whole), len(stuck)


def indirect():
    def reader():
        which = yield "which", READ
        yield f"place{which}", READ

    def write(name):
        yield name, WRITE, 1

    return {"which": 0}, [reader(), write("place0"), write("place1"), write("which")]


def cycle(n):
    def thread(self):
        if (yield f"mark{(self + 1) % n}", READ) == 0:
            yield f"mark{self}", WRITE, 1

    return {f"mark{i}": 0 for i in range(n)}, [thread(i) for i in range(n)]


def gated():
    def first():
        yield "outer", ACQUIRE
        if (yield "flag", READ) == 0:
            yield "inner", ACQUIRE
            yield "inner", RELEASE
        yield "outer", RELEASE

    def second():
        for name, kind in (("inner", ACQUIRE), ("outer", ACQUIRE), ("outer", RELEASE), ("inner", RELEASE)):
            yield name, kind

    def closer():
        yield "flag", WRITE, 1

    return {"outer": 1, "inner": 1, "flag": 0}, [first(), second(), closer()]


def spawner(n):
    def child():
        yield "written", WRITE, 1

    def parent():
        if (yield "flag", READ) == 0:
            yield "thread", JOIN, (yield "thread", START, child)

    def closer():
        yield "flag", WRITE, 1
        yield "written", READ

    return {"flag": 0, "written": 0}, [closer()] + [parent() for _ in range(n)]


def permits(n, m):
    def thread():
        yield "gate", ACQUIRE
        yield "gate", RELEASE

    return {"gate": m}, [thread() for _ in range(n)]


def relay(n):
    def waiter():
        yield "event", WAIT
        if (yield "again", READ) == 0:
            yield "again", WRITE, 1
            yield "event", SET

    def setter():
        yield "event", SET

    return {"event": 0, "again": 0}, [waiter() for _ in range(n)] + [setter()]


def twice(n):
    def thread():
        seen = yield "value", READ
        if seen == 0:
            yield "lock", ACQUIRE
        yield "value", WRITE, seen + 1
        if seen == 0:
            yield "lock", RELEASE

    return {"value": 0, "lock": 1}, [thread() for _ in range(n)]


def switched():
    def mover():
        yield "where", WRITE, 1
        yield "where", WRITE, 0

    def user(self):
        where = yield "where", READ
        yield f"place{where}", WRITE, self

    return {"where": 0}, [user(1), mover(), user(2)]


# lockfree.c
def aba():
    values = {"top": "a", "nexta": "b", "nextb": "c", "nextc": None}

    def pop():
        first = yield "top", READ
        if first is None:
            return None
        following = yield f"next{first}", READ
        return first if (yield "top", SWAP, first, following) == first else None

    def two():
        first = yield from pop()
        if first and (yield from pop()):
            following = yield "top", READ
            yield f"next{first}", WRITE, following
            yield "top", SWAP, following, first

    return values, [pop(), two()], lambda: values["top"] == "b"


def deque(n, bug):
    values, got = {"head": 0, "tail": n}, {}

    def owner():
        last = (yield "tail", READ) - 1
        yield "tail", WRITE, last
        first = yield "head", READ
        if first < last:
            got["owner"] = last
            return
        if first == last:
            if bug:
                yield "head", WRITE, first + 1
                got["owner"] = last
            elif (yield "head", SWAP, first, first + 1) == first:
                got["owner"] = last
        yield "tail", WRITE, last + 1

    def thief():
        first = yield "head", READ
        if first < (yield "tail", READ) and (yield "head", SWAP, first, first + 1) == first:
            got["thief"] = first

    return values, [owner(), thief()], lambda: len(got) == 2 and got["owner"] == got["thief"]


def queue(n):
    values = {"head": 0, "tail": 0, **{f"next{i}": None for i in range(n + 1)}}

    def enqueue(mine):
        while True:
            last = yield "tail", READ
            following = yield f"next{last}", READ
            if following is not None:
                yield "tail", SWAP, last, following
            elif (yield f"next{last}", SWAP, None, mine) is None:
                yield "tail", SWAP, last, mine
                return

    def dequeue():
        first = yield "head", READ
        last = yield "tail", READ
        following = yield f"next{first}", READ
        if following is not None:
            yield "tail" if first == last else "head", SWAP, first, following

    return values, [enqueue(i) for i in range(1, n + 1)] + [dequeue()]


def hazard(bug):
    values, bad = {"current": 0, "used": None, "freed0": 0, "freed1": 0}, []

    def reader():
        seen = yield "current", READ
        yield "used", WRITE, seen
        if bug or (yield "current", READ) == seen:
            if (yield f"freed{seen}", READ):
                bad.append(seen)
        yield "used", WRITE, None

    def updater():
        old = yield "current", WRITE, 1
        if (yield "used", READ) != old:
            yield f"freed{old}", WRITE, 1

    return values, [reader(), updater()], lambda: bad


def word_lock(n):
    def reader():
        while True:
            seen = yield "word", GATE, lambda word: word >= 0
            if (yield "word", SWAP, seen, seen + 1) == seen:
                break
        yield "word", CHANGE, -1

    def writer():
        yield "word", LOCK
        yield "word", WRITE, 0

    return {"word": 0}, [reader() for _ in range(n)] + [writer()]


def sense(n):
    def thread():
        for round in (1, 2):
            if (yield "missing", CHANGE, -1) == 1:
                yield "missing", WRITE, n
                yield "sense", WRITE, round
            else:
                yield "sense", GATE, lambda sense: sense == round

    return {"missing": n, "sense": 0}, [thread() for _ in range(n)]


def grace(n):
    values, bad = {"current": 0, "readers": 0, "freed0": 0, "freed1": 0}, []

    def reader():
        yield "readers", CHANGE, 1
        if (yield f"freed{(yield 'current', READ)}", READ):
            bad.append(1)
        yield "readers", CHANGE, -1

    def updater():
        yield "current", WRITE, 1
        yield "readers", GATE, lambda readers: readers == 0
        yield "freed0", WRITE, 1

    return values, [reader() for _ in range(n)] + [updater()], lambda: bad


# The counter's own test: numbers of the literature. lastzero(2), the example of POPL 2014, three philosophers, events.
def lastzero(n):
    def writer(j):
        before = yield f"a{j - 1}", READ
        yield f"a{j}", WRITE, before + 1

    def reader():
        i = n
        while (yield f"a{i}", READ) != 0:
            i -= 1

    return {f"a{i}": 0 for i in range(n + 1)}, [reader()] + [writer(j) for j in range(1, n + 1)]


def popl():
    def write(name):
        yield name, WRITE, 1

    def r():
        if (yield "y", READ) == 0:
            yield "z", WRITE, 1

    def s():
        if (yield "z", READ) and (yield "y", READ) == 0:
            yield "x", WRITE, 2

    return {"x": 0, "y": 0, "z": 0}, [write("x"), write("y"), r(), s()]


def philosophers(n):
    def thread(i):
        for name, kind in ((i, ACQUIRE), ((i + 1) % n, ACQUIRE), ((i + 1) % n, RELEASE), (i, RELEASE)):
            yield f"fork{name}", kind

    return {f"fork{i}": 1 for i in range(n)}, [thread(i) for i in range(n)]


def coalesced(w, s):
    def waiter():
        yield "event", WAIT

    def setter():
        yield "event", SET

    return {"event": 0}, [waiter() for _ in range(w)] + [setter() for _ in range(s)]


MODELS = {
    "lastzero2": lambda: lastzero(2), "lastzero5": lambda: lastzero(5), "popl": popl, "din_phil3": lambda: philosophers(3),
    "synchronization22": lambda: coalesced(2, 2), "synchronization33": lambda: coalesced(3, 3),
    "modelled-indirect": indirect, "modelled-cycle3": lambda: cycle(3), "modelled-cycle4": lambda: cycle(4), "modelled-gated": gated,
    "modelled-spawner1": lambda: spawner(1), "modelled-spawner2": lambda: spawner(2), "modelled-permits2": lambda: permits(2, 1),
    "modelled-permits3": lambda: permits(3, 2), "modelled-relay2": lambda: relay(2), "modelled-relay3": lambda: relay(3),
    "lockfree-aba": aba, "lockfree-deque1": lambda: deque(1, False), "lockfree-deque2": lambda: deque(2, False),
    "lockfree-deque-bug": lambda: deque(1, True), "lockfree-queue1": lambda: queue(1), "lockfree-queue2": lambda: queue(2),
    "lockfree-hazard": lambda: hazard(False), "lockfree-hazard-bug": lambda: hazard(True), "lockfree-lock1": lambda: word_lock(1),
    "lockfree-lock2": lambda: word_lock(2), "lockfree-sense2": lambda: sense(2), "lockfree-sense3": lambda: sense(3),
    "lockfree-grace2": lambda: grace(2),
    "modelled-twice2": lambda: twice(2), "modelled-twice3": lambda: twice(3), "modelled-switched": switched,
}


def main():
    rows = {}
    for line in open(sys.argv[1]):
        fields = [f.strip() for f in line.split("|")]
        if not line.startswith("#") and len(fields) >= 4:
            rows[fields[0]] = fields[3].split()[:2]
    failed = 0
    for name in sorted(set(MODELS) | {name for name in rows if name.startswith(("modelled-", "lockfree-"))}):
        found = [str(n) for n in count(MODELS[name])] if name in MODELS else None
        if found != rows.get(name):
            failed += 1
            print(f"not ok {name}: traces and bad ones are {found}, not {rows.get(name)}")
    print(f"{len(MODELS) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
