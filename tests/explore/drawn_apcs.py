"""A model of kernel APCs for check_drawn.py: programs of which threads queue APCs to others, which raise the IRQL, enter regions and take locks.

It knows no schedule points. A thread is a row of steps and of what lies between them, and an APC that has been queued comes in front of the next step at which nothing keeps it
back. What orders it and a step is what the step could see of it: each step at which an APC could come, that raising the IRQL is and entering a region, looks at whether one is
queued, and to queue one changes that; two that are queued to one thread have an order, and so have one that is queued and one that begins.
"""
import check_models
from check_models import LOCK, TRY_LOCK, UNLOCK

FAST, SPIN = (0, 1), 4                   # locks
SPECIAL = 0x10                           # of ROUTINE
ENTERED, LEFT, QUEUED, ENDS, STEP = range(200, 205)
CRITICAL, GUARDED, RAISED = range(3)     # of ENTERED and LEFT


class Run(check_models.Run):
    """`pending` of a thread is what it stands in front of when no APC comes; under that are the steps that APCs have interrupted."""

    def __init__(self, routines, model, schedule):
        self.routines = routines # target, whether it is special, its steps
        self.kept, self.under, self.queue, self.normal, self.ended, self.inserted = {}, {}, {}, {}, set(), set()
        super().__init__(model, schedule)

    def add(self, thread):
        number = len(self.threads)
        self.kept[number], self.under[number], self.queue[number], self.normal[number] = [0, 0, 0], [], [], 0
        super().add(thread)
        self.settle(number)

    def settle(self, thread):
        """Up to its next step: what it leaves meanwhile, and the ends of APCs."""
        while True:
            pending = self.pending[thread]
            if pending is None:
                if not self.under[thread]:
                    return
                self.threads[thread], self.pending[thread], special = self.under[thread].pop()
                if special:
                    self.kept[thread][RAISED] -= 1
                else:
                    self.normal[thread] -= 1
            elif pending[1] == LEFT:
                self.kept[thread][pending[2]] -= 1
                self.pending[thread] = next(self.threads[thread], None)
            else:
                return

    def takes(self, thread):
        """Which APCs could come: special ones, normal ones."""
        kept = self.kept[thread]
        special = kept[GUARDED] == 0 and kept[RAISED] == 0
        return special, special and kept[CRITICAL] == 0 and self.normal[thread] == 0

    def due(self, thread):
        special, normal = self.takes(thread)
        queue = self.queue[thread]
        return queue[0] if queue and (normal or (special and self.routines[queue[0]][1])) else None

    def can(self, thread):
        if self.pending[thread] is None:
            return False
        return self.due(thread) is not None or self.pending[thread][1] >= ENTERED or super().can(thread)

    def step(self, thread):
        due = self.due(thread)
        if due is not None:
            self.deliver(thread, due)
            return
        name, kind, *rest = self.pending[thread]
        special, normal = self.takes(thread)
        if special:
            self.note(thread, f"{'normal' if normal else 'special'}{thread}", True)
        if kind < ENTERED:
            before = self.values.get(name)
            super().step(thread)
            lock = int(name[4:]) if name.startswith("lock") else None
            if lock in FAST and (kind == LOCK or (kind == TRY_LOCK and before == 0)):
                self.kept[thread][RAISED] += 1
            elif lock in FAST and kind == UNLOCK:
                self.kept[thread][RAISED] -= 1
        else:
            result = None
            if kind == ENTERED:
                self.kept[thread][rest[0]] += 1
            elif kind == QUEUED:
                result = self.queue_to(thread, rest[0])
            elif kind == ENDS:
                self.note(thread, f"apcs{thread}", False)
                self.ended.add(thread)
            self.steps[thread] += 1
            try:
                self.pending[thread] = self.threads[thread].send(result)
            except StopIteration:
                self.pending[thread] = None
        self.settle(thread)

    def queue_to(self, thread, apc):
        target, special, _ = self.routines[apc]
        self.note(thread, f"apcs{target}", False)
        self.note(thread, f"normal{target}", False)
        if special:
            self.note(thread, f"special{target}", False)
        if target in self.ended or apc in self.inserted:
            return 0
        self.inserted.add(apc)
        queue = self.queue[target]
        at = sum(self.routines[one][1] for one in queue) if special else len(queue) # special ones come before the others
        queue.insert(at, apc)
        return 1

    def deliver(self, thread, apc):
        _, special, begin = self.routines[apc]
        self.queue[thread].remove(apc)
        self.inserted.discard(apc)
        self.note(thread, f"apcs{thread}", False)
        self.steps[thread] += 1
        self.under[thread].append((self.threads[thread], self.pending[thread], special))
        if special:
            self.kept[thread][RAISED] += 1
        else:
            self.normal[thread] += 1
        self.threads[thread] = begin()
        self.pending[thread] = next(self.threads[thread], None)
        self.settle(thread)


def steps_of(code, others):
    """A routine's, or a thread's between its beginning and its end; `others` knows all other instructions (check_drawn.py)."""
    last, at = 0, 0
    while at < len(code):
        name, which, argument = code[at]
        at += 1
        spins = name in ("LOCK", "UNLOCK") and which == SPIN
        if name == "IF":
            at += argument if last != which else 0
        elif name == "QUEUE_APC":
            last = yield "region", QUEUED, which
        elif name == "ENTER":
            yield "region", ENTERED, which
        elif name == "LEAVE":
            yield "region", LEFT, which
        else:
            if spins and name == "LOCK":
                yield "region", ENTERED, RAISED
            last = yield from others([(name, which, argument)], last)
            if spins and name == "UNLOCK":
                yield "region", LEFT, RAISED


def whole(code, others):
    """
    A system thread enters a critical region first, and waits until all threads are there; at its end it makes two steps, leaves that region, enters one in which it says that it takes
    no more APCs, leaves that, and makes two steps more (apcs.c).
    """
    yield "region", ENTERED, CRITICAL
    yield "region", STEP
    yield from steps_of(code, others)
    yield "region", STEP
    yield "region", STEP
    yield "region", LEFT, CRITICAL
    yield "region", ENTERED, CRITICAL
    yield "region", ENDS
    yield "region", LEFT, CRITICAL
    yield "region", STEP
    yield "region", STEP


def model_of(program, values, others):
    """For check_models.count: a model, and who runs it."""
    threads = [code for code in program if code[0][0] != "ROUTINE"]
    routines = {code[0][1]: (code[0][2] & 0x0F, (code[0][2] & SPECIAL) != 0, lambda code=code: steps_of(code[1:], others)) for code in program if code[0][0] == "ROUTINE"}
    return lambda: (dict(values), [whole(code, others) for code in threads]), lambda model, schedule: Run(routines, model, schedule)
