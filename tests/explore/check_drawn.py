#!/usr/bin/env python3
"""Programs drawn by chance, counted twice: check_drawn.py [--seed N] [--count N] [--rounds N] [--apcs N] [--wide N] [--show] NTLAB FOLDER

A program is a few threads that do things with events, a semaphore, locks and words, and perhaps go round (drawn.c has the instructions). Its traces, and those at whose end
somebody waits for ever, are counted here by a model that shares nothing with the kernel or the explorer (check_models.py: every order is tried, and a
trace is what each object has seen; kernel APCs: drawn_apcs.py), and by dpor, odpor and bounded of the driver. What a random walk and POS meet must not be more.

Others have timers, DPCs, pulses, push locks and what else drawn.c knows (class Wide). No model is written of these: they are counted by `--strategy lattice`, which tries each
beginning of a trace once, and says so where two orders of one trace leave different questions.
"""
import argparse
import ast
import json
import os
import random
import subprocess
import sys
import tempfile

import check_models
import drawn_apcs
from check_models import ADD, ALL, ANY, CLEAR, EXCHANGE, GATE, LEAVE, LOCK, READ, RELEASE, SET, SHARE, TRY, TRY_LOCK, UNLOCK, WAIT

MOST = 300       # traces: a program with more is not taken
BEGINNINGS = 4000
CODES = {name: number for number, name in enumerate(("END", "SET", "CLEAR", "WAIT", "TRY", "TIMED", "ADD", "EXCHANGE", "LOCK", "TRY_LOCK", "SHARE", "UNLOCK", "ANY", "ALL", "LOOK", "IF",
                                                       "ROUTINE", "ARM", "DISARM", "QUEUE_DPC", "UNQUEUE", "FLUSH", "PULSE", "ANY_TIMED", "ALL_TIMED", "ANY_TRY", "ALL_TRY", "TRY_SHARE",
                                                       "CONVERT", "STARVE", "RUNDOWN", "REMOVE", "START", "JOIN", "UNLOCK_SHARED", "INSERT_HEAD", "SEND", "COMPLETE", "CANCEL", "QUEUE_APC", "UNQUEUE_APC",
                                                       "ENTER", "LEAVE", "TEST_ALERT", "DELAY", "QUEUE_ITEM", "PUSH", "POP", "SET_WAIT", "ARM_EVERY", "STAY", "AGAIN", "BEHIND",
                                                       "TIME", "CRASH", "PRIORITY", "AWAIT", "REVERT", "WAIT_EXCLUSIVE", "TIMED_LOCK", "SET_HANDLE", "CLOSE_HANDLE", "OPEN_HANDLE", "NOTIFY",
                                                       "UNREGISTER", "ARM_EX", "DISARM_EX", "DISCARD"))}
NOTIFICATION, SEMAPHORE, QUEUE, TIMERS, COMPLETIONS = 2, 3, 4, (5, 6), (7, 8)
DPCS, STARTED, APCS, ITEMS = (1, 2), (3, 4), (5, 6), (7, 8)
APC_LEVEL = 2                                          # of ENTER
HIGH_IMPORTANCE, APC_SPECIAL, APC_USER, ALERTABLE, LATE = 0x10, 0x10, 0x20, 0x80, 0x80
SEND_CANCELLABLE, SEND_AT_ONCE, SEND_OF_THREAD = 1, 2, 4
LONGER = 0x40
MUTEX, RESOURCE, SPIN_LOCK, RUN_REF, REMOVE_LOCK, PUSH_LOCK, GUARDED, SHARED_SPIN, QUEUED_SPIN = range(2, 11)
SPINS = {SPIN_LOCK, SHARED_SPIN, QUEUED_SPIN}
DISPATCH = "DISPATCH"                                  # among what is held: in a DPC
MUTEX_STATE = 9                                        # of LOOK
CALLBACK, EX_TIMER = 9, 10
SLEEPS = ("DELAY", "TIMED", "ANY_TIMED", "ALL_TIMED")
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
    # odpor took what comes behind an attempt that may be in vain for all that was to be tried, while somebody slept there (12 of 13).
    [[("SET", 0, 0)], [("LOOK", 0, 0)], [("TRY", 0, 0)], [("LOOK", 0, 0)]],
]
# The same of programs that go round. An increment was taken for a look, so that no time-out was ever the last that was free (1 of 9).
ROUNDS_FOUND = [
    [[("DELAY", 0, 0), ("ADD", 0, 0), ("TRY", 0, 0), ("IF", 0, 1), ("AGAIN", 1, 0)], [("ADD", 0, 0), ("SET", 0, 0)]],
    # A round that comes when nobody else can go on, and lets others go on; whose comes first.
    [[("DELAY", 0, 0), ("SET", 3, 0), ("AGAIN", 1, 2)], [("WAIT", 3, 0), ("WAIT", 3, 0), ("WAIT", 3, 0), ("WAIT", 3, 0), ("SET", 2, 0)], [("WAIT", 2, 0), ("EXCHANGE", 0, 0)],
     [("WAIT", 2, 0), ("EXCHANGE", 0, 0)]],
    [[("TIMED", 3, 0), ("ADD", 0, 0), ("AGAIN", 1, 4)], [("DELAY", 0, LONGER), ("ADD", 0, 0), ("AGAIN", 1, 3)]],
    # What a wait for any has on the stack was part of the state that drawn.c sleeps in (84 of 82).
    [[("TRY", 0, 0)], [("DELAY", 0, 0), ("ANY", 3, 0), ("TRY", 0, 0), ("AGAIN", 1, 0)], [("SET", 0, 0)], [("SET", 0, 0)]],
]
# The same of programs that the lattice counts. An attempt to have all of a resource is in vain because of those who share it: dpor and odpor had 3 of 4. What a timer's
# cancellation touches is what the timer has when one is asked. A DPC that is queued while it runs was told from one that is queued behind that by bounded (3 of 2).
WIDE_FOUND = [
    [[("TRY_LOCK", 3, 0), ("IF", 1, 1), ("UNLOCK", 3, 0)], [("TRY_SHARE", 3, 0), ("IF", 1, 1), ("UNLOCK", 3, 0)]],
    [[("ARM", 6, 1)], [("DISARM", 6, 0)], [("ROUTINE", 1, 0), ("ADD", 0, 0)]],
    [[("QUEUE_DPC", 2, 0), ("QUEUE_DPC", 2, 0)], [("ROUTINE", 2, 1), ("ADD", 0, 0)]],
    # An APC that the end of another one let in was begun in no step, one that came between a thread's last region and its end was not tried (5 of 6), and one that interrupted a delay
    # was told from one behind it (dpor 8, lattice 9). What an APC of the request does between two spin locks; who pulses what he has waited for (1 of 2); a timer that goes on.
    [[("QUEUE_APC", 5, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, APC_SPECIAL), ("ADD", 0, 0)]],
    [[("LOOK", 0, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, 0)]],
    [[("DELAY", 0, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, APC_SPECIAL)]],
    # Who stands blocked and is queued an APC is behind that, and so behind who keeps him out: dpor and odpor had 3 traces, all of them bad, of 43.
    [[("TRY", 1, ALERTABLE), ("IF", 1, 4), ("LOCK", 0, 0), ("QUEUE_APC", 6, 0), ("WAIT", 1, ALERTABLE), ("UNLOCK", 0, 0), ("QUEUE_APC", 6, 0), ("QUEUE_APC", 6, 0)],
     [("LOCK", 0, 0), ("QUEUE_APC", 6, 0), ("UNLOCK", 0, 0)], [("ROUTINE", 6, APC_SPECIAL | 1), ("TRY", 1, ALERTABLE)]],
    # A worker that waits in a driver's queue stands in front of that like anybody: it ran on before, and two orders of one trace left different questions.
    [[("QUEUE_ITEM", 7, 0)], [("SET", 4, 0)], [("ROUTINE", 7, 0), ("WAIT", 4, 0)]],
    # What is left behind is over before the run ends: dpor and odpor left orders of it out.
    [[("BEHIND", 0, 0), ("LOCK", 0, 0), ("EXCHANGE", 0, 0), ("UNLOCK", 0, 0)], [("LOCK", 0, 0), ("ADD", 0, 0), ("UNLOCK", 0, 0)]],
    # The same with what is left behind: who waits for ever could have come first (dpor and odpor 1 of 2); a look is no time that passes, so it comes before the end (dpor 4 of 2); a time-out that
    # was left to come when the end was chosen (odpor 3 of 4); the end could have come before a time-out that was followed by others' steps (odpor and bounded 8 of 10).
    [[("BEHIND", 0, 0), ("CLEAR", 1, 0)], [("WAIT", 1, 0)]],
    [[("BEHIND", 0, 0), ("TRY", 1, 0)], [("TRY", 1, 0)]],
    [[("BEHIND", 0, 0)], [("TIMED", 1, 0)], [("TIMED", 1, 0)]],
    [[("BEHIND", 0, 0), ("LOCK", 0, 0), ("UNLOCK", 0, 0)], [("DELAY", 0, 0), ("LOCK", 0, 0), ("UNLOCK", 0, 0), ("AGAIN", 0, 0)]],
    [[("SEND", 0, SEND_CANCELLABLE | SEND_OF_THREAD)], [("COMPLETE", 0, 0)]],
    [[("SET", 0, 0)], [("WAIT", 0, 0), ("PULSE", 0, 0)]],
    [[("ARM", 6, 1), ("DISARM", 6, 0)], [("ROUTINE", 1, 0), ("ARM", 6, LATE | 1)]],
    # Whether the third item found a worker was in no step; the order of DPCs in one processor's queue was in none (1 of 2), and a thread's steps beside a DPC that has its processor
    # for a target depended on when that was queued.
    [[("QUEUE_ITEM", 8, 0), ("QUEUE_ITEM", 7, 0)], [("ROUTINE", 7, 1), ("ADD", 0, 0)], [("ROUTINE", 8, 0), ("ADD", 1, 0)]],
    [[("QUEUE_DPC", 1, 0)], [("QUEUE_DPC", 2, 0)], [("ROUTINE", 2, 2), ("ADD", 0, 0)], [("ROUTINE", 1, 2), ("ADD", 0, 0)]],
    [[("STAY", 3, 0), ("LOOK", 0, 0)], [("QUEUE_DPC", 2, 0)], [("ROUTINE", 2, 4)]],
    # Who moves to a DPC's processor had two steps for it, between which the DPC could come and behind which it could not (dpor and odpor 14 of 16).
    [[("STAY", 1, 0), ("LOCK", 4, 0), ("UNLOCK", 4, 0)], [("QUEUE_DPC", 2, 0)], [("ROUTINE", 2, 2)]],
    # Who is there again behind a DPC on his processor could have come before it, not only at once but behind others (dpor 9 of 16, 17 of 24, 26 of 33).
    [[("STAY", 1, 0), ("QUEUE_DPC", 2, 0), ("ADD", 0, 0)], [("ADD", 0, 0)], [("ROUTINE", 2, 2)]],
    [[("STAY", 1, 0), ("QUEUE_DPC", 2, 0), ("TRY", 0, 0)], [("SET", 0, 0)], [("ROUTINE", 2, 2), ("CLEAR", 0, 0)]],
    [[("STAY", 1, 0), ("QUEUE_DPC", 2, 0), ("ADD", 0, 0)], [("ADD", 1, 0), ("ADD", 0, 0)], [("ROUTINE", 2, 2), ("ADD", 0, 0), ("ADD", 1, 0)]],
    # Behind an APC that has delayed its thread made a step more for the APCs if nobody else had come meanwhile (random and POS 11 of 10); behind a query of the time it made none (dpor, odpor
    # and bounded 10 of 11, 9 of 10).
    [[("LOOK", 0, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, APC_SPECIAL), ("DELAY", 0, 0)]],
    [[("ENTER", 0, 0), ("LEAVE", 0, 0), ("TIME", 0, 0), ("LOCK", SPIN_LOCK, 0), ("UNLOCK", SPIN_LOCK, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, APC_SPECIAL)]],
    [[("DELAY", 0, 0), ("TIME", 0, 0), ("LOCK", SPIN_LOCK, 0), ("UNLOCK", SPIN_LOCK, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, APC_SPECIAL)]],
    # The end of an EX_TIMER's callback was no step of its deletion, which waits for it: two orders of one trace left different questions.
    [[("ARM_EX", 0, 0)], [("ROUTINE", EX_TIMER, 0), ("ADD", 0, 0)]],
    # Who is left behind and begins to wait for an event that is pulsed does so before the run's end (lattice, bounded and who samples 3 of 2). odpor put the run's end in front of others'
    # steps (116 of 124), and took agents that come late in a run for others that come in their place in another order (9 of 12).
    [[("BEHIND", 0, 0)], [("PULSE", 2, 0)], [("WAIT", 2, 0)]],
    [[("BEHIND", 0, 0), ("ADD", 0, 0)], [("QUEUE_APC", 5, 0), ("QUEUE_APC", 5, 0)], [("ADD", 0, 0)], [("ROUTINE", 5, APC_SPECIAL)]],
    [[("BEHIND", 0, 0), ("CLEAR", 0, 0), ("QUEUE_ITEM", 7, 0)], [("QUEUE_DPC", 1, 0), ("QUEUE_DPC", 1, 0)], [("ROUTINE", 1, 0), ("LOOK", 0, 0)], [("ROUTINE", 7, 0)]],
    # Who was to take an APC when a DPC had run on his processor was behind that to those who tell traces by hashes (random and POS 4 of 3). A request was finished at once or by an APC, as a normal
    # APC was queued or not, which nothing told: two orders of one trace left different questions.
    [[("STAY", 0, 0), ("QUEUE_DPC", 2, 0), ("QUEUE_APC", 5, 0)], [("ROUTINE", 2, 1)], [("ROUTINE", 5, APC_SPECIAL), ("UNQUEUE", 2, 0)]],
    [[("SEND", 1, SEND_CANCELLABLE | SEND_OF_THREAD)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, 0)]],
    # Who sleeps and is over before the run's end stood for runs that he is no part of: odpor had fewer than dpor (14 of 15, 99 of 105).
    [[("BEHIND", 0, 0), ("DELAY", 0, 0), ("TRY", 3, 0)], [("SET", 3, 0), ("TRY", 3, 0)], [("TRY", 3, 0)]],
    [[("BEHIND", 0, 0), ("STAY", 1, 0), ("QUEUE_APC", 5, 0), ("QUEUE_DPC", 1, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 1, 2)], [("ROUTINE", 5, 1), ("TIMED", 4, 0)]],
]
# The same of programs with kernel APCs, which drawn_apcs.py counts. One that came between a thread's last step at PASSIVE_LEVEL and a raised IRQL behind it was not tried (10 of 11, twice, 18 of 21,
# 101 of 112).
APCS_FOUND = [
    [[("SET", 0, 0), ("ENTER", 2, 0), ("CLEAR", 0, 0), ("LEAVE", 2, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, APC_SPECIAL), ("SET", 0, 0)]],
    [[("SET", 0, 0), ("LOCK", SPIN_LOCK, 0), ("CLEAR", 0, 0), ("UNLOCK", SPIN_LOCK, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, APC_SPECIAL), ("SET", 0, 0)]],
    [[("LEAVE", 0, 0), ("SET", 0, 0), ("LOCK", SPIN_LOCK, 0), ("CLEAR", 0, 0), ("UNLOCK", SPIN_LOCK, 0), ("ENTER", 0, 0)], [("QUEUE_APC", 5, 0), ("LOOK", 0, 0)], [("ROUTINE", 5, 0), ("SET", 0, 0)]],
    [[("ENTER", 1, 0), ("ADD", 0, 0), ("LEAVE", 1, 0), ("TRY", 0, 0), ("ENTER", 2, 0), ("QUEUE_APC", 6, 0), ("SET", 0, 0), ("LEAVE", 2, 0)], [("QUEUE_APC", 5, 0)], [("ROUTINE", 5, APC_SPECIAL), ("SET", 0, 0)],
     [("ROUTINE", 6, APC_SPECIAL | 1), ("LOOK", 0, 0)]],
]
# Pairs with equal numbers of traces. A DPC that has a thread's processor for its target comes between two steps of it; where the second one is at DISPATCH_LEVEL it comes before that is raised
# to (17 and 19).
SAME = [
    ([[("STAY", 1, 0), ("SET", 0, 0), ("LOCK", SPIN_LOCK, 0), ("CLEAR", 0, 0), ("UNLOCK", SPIN_LOCK, 0)], [("QUEUE_DPC", 2, 0)], [("ROUTINE", 2, 2), ("PULSE", 0, 0)]],
     [[("STAY", 1, 0), ("SET", 0, 0), ("CLEAR", 0, 0)], [("QUEUE_DPC", 2, 0)], [("ROUTINE", 2, 2), ("PULSE", 0, 0)]]),
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


def draw_rounds(draw):
    """A program with one or two threads that go round: each sleeps once or twice in a round, and changes something behind that."""
    program = draw_program(draw)
    things = tuple(draw.sample(range(QUEUE + 1), 2)), tuple(draw.sample(range(SPIN_LOCK), 1)), 1
    for at in range(min(len(program), draw.choice((1, 1, 2)))):
        wakes = draw.choice(things[0])
        sleep = draw.choice((("TIMED", wakes, draw.choice((0, LONGER))), ("DELAY", 0, draw.choice((0, LONGER)))))
        change = draw.choice(([("LOCK", things[1][0], 0), ("UNLOCK", things[1][0], 0)], [("ADD", 0, 0)], [("SET", draw.choice(things[0]), 0)], [("CLEAR", draw.randrange(3), 0)]))
        more = draw_block(draw, things, frozenset(), 1) if draw.random() < 0.4 else []
        if any(name in ("IF", "TIMED") or (name == "SET" and one == QUEUE) for name, one, _ in change + more):
            change, more = [("ADD", 0, 0)], []
        if draw.random() < 0.3: # at another place
            more += [("DELAY", 0, LONGER) if sleep[0] == "TIMED" else ("TIMED", draw.choice(things[0]), 0), ("ADD", 0, 0)]
        again = ("AGAIN", draw.randrange(2), draw.choice((0, 0, 1, 2, 4)))
        if sleep[0] == "TIMED" and draw.random() < 0.6:
            program[at] = [sleep, ("IF", 0, len(change) + len(more) + 1), *change, *more, again]
        else:
            program[at] = [sleep, *change, *more, ("TRY", wakes, 0), ("IF", 0, 1), again]
        if len(program) < 4 and draw.random() < 0.7:
            program.append([("SET", wakes, 0)])
    return program


def draw_apcs(draw):
    """Kernel APCs that two or three threads queue, to one that enters regions and takes locks, and to each other."""
    events, words = draw.sample(range(3), draw.choice((1, 1, 2))), 1
    locks = draw.sample((0, 1, SPIN_LOCK), draw.choice((1, 1, 2)))
    threads = draw.choice((2, 2, 3))
    apcs = APCS[:draw.choice((1, 1, 1, 2))]

    def simple():
        kind = draw.choice(("SET", "CLEAR", "LOOK", "TRY", "ADD", "EXCHANGE"))
        return [(kind, draw.randrange(words) if kind in ("ADD", "EXCHANGE") else draw.choice(events), draw.randrange(2) if kind == "EXCHANGE" else 0)]

    def block():
        kind = draw.choice(("region", "region", "lock", "simple", "simple", "wait"))
        inside = [one for _ in range(draw.choice((1, 1, 2))) for one in simple()]
        if kind == "region":
            which = draw.randrange(3)
            return [("ENTER", which, 0), *inside, ("LEAVE", which, 0)]
        if kind == "lock":
            lock = draw.choice(locks)
            if draw.random() < 0.3:
                return [("TRY_LOCK", lock, 0), ("IF", 1, len(inside) + 1), *inside, ("UNLOCK", lock, 0)] if lock != SPIN_LOCK else []
            return [("LOCK", lock, 0), *inside, ("UNLOCK", lock, 0)]
        return [("WAIT", draw.choice(events), 0)] if kind == "wait" and draw.random() < 0.4 else simple()

    program = [[block() for _ in range(draw.choice((1, 2, 2, 3) if at == 0 else (0, 1, 1)))] for at in range(threads)]
    if draw.random() < 0.6: # normal ones come only to who leaves the region that he begins in
        program[0] = [[("LEAVE", 0, 0)], *program[0], [("ENTER", 0, 0)]]
    routines = []
    for apc in apcs:
        for _ in range(draw.choice((1, 1, 2))):
            code = program[draw.choice((0, *range(1, threads), *range(1, threads)))]
            code.insert(draw.randrange(len(code) + 1), [("QUEUE_APC", apc, 0)])
            if draw.random() < 0.2: # within the block before it
                at = code.index([("QUEUE_APC", apc, 0)])
                if at > 0 and len(code[at - 1]) > 2 and code[at - 1][0][0] in ("ENTER", "LOCK"):
                    code[at - 1].insert(draw.randrange(1, len(code[at - 1])), *code.pop(at))
        routines.append([("ROUTINE", apc, draw.choice((0, 0, 0, 1)) | draw.choice((0, APC_SPECIAL))), *(simple() if draw.random() < 0.8 else [])])
    return [[one for part in code for one in part] or [("LOOK", events[0], 0)] for code in program] + routines


THEMES = ("requests", "requests", "apcs", "apcs", "items", "lists", "threads", "handles", "callback", "extimer", "dpcs", "dpcs", None, None)


class Wide:
    """Draws a program with all that drawn.c knows; none of these has a model, so the lattice counts them."""

    TWO = ("ANY", "ALL", "ANY_TIMED", "ALL_TIMED", "ANY_TRY", "ALL_TRY")
    SHARED = {"SHARE": (RESOURCE, PUSH_LOCK, SHARED_SPIN), "TRY_SHARE": (RESOURCE,), "STARVE": (RESOURCE,), "WAIT_EXCLUSIVE": (RESOURCE,)}
    # What may be done while a spin lock is held, or in a DPC.
    DISPATCH = (*AT_DISPATCH, "ARM", "DISARM", "QUEUE_DPC", "UNQUEUE", "ANY_TRY", "ALL_TRY", "SEND", "COMPLETE", "CANCEL", "QUEUE_APC", "UNQUEUE_APC", "QUEUE_ITEM", "PUSH", "POP",
                "TIME", "NOTIFY", "ARM_EX", "DISARM_EX", "LOCK", "SHARE")
    # What a routine that may run twice, or behind the threads, does not do: it would insert one entry twice, take a lock that its thread has, or go on for ever.
    NOT_AGAIN = ("SEND", "QUEUE_ITEM", "PUSH", "START", "RUNDOWN", "REMOVE", "CLOSE_HANDLE", "OPEN_HANDLE", "UNREGISTER") # what is done once
    NOT_IN_ROUTINES = ("TRY_LOCK", "TRY_SHARE", "STARVE", "WAIT_EXCLUSIVE", "TIMED_LOCK", "PRIORITY", "AWAIT", "STAY", "REVERT", "SET_HANDLE", "CLOSE_HANDLE", "OPEN_HANDLE", "NOTIFY", "UNREGISTER",
                       "ARM_EX", "DISCARD", "START", "FLUSH", "RUNDOWN", "REMOVE", "SEND", "QUEUE_APC", "QUEUE_ITEM", "PUSH", "SET_WAIT")

    def __init__(self, draw, going=0.3):
        self.draw, self.going = draw, going
        self.objects = draw.sample(range(7), draw.choice((1, 2, 2, 3)))
        self.locks = draw.sample(range(11), draw.choice((0, 1, 1, 2)))
        self.kinds = ["SET", "WAIT", "TRY", "TIMED", "CLEAR", "LOOK", *draw.sample((*self.TWO, "ADD", "EXCHANGE", "SET_WAIT", "TIME"), 2)]
        self.kinds += draw.sample(("PULSE", "FLUSH", "RUNDOWN", "REMOVE", "START", "START"), draw.choice((0, 1, 1)))
        self.kinds += [kind for kind in ("ARM", "ARM", "DISARM") if set(self.objects) & set(TIMERS)]
        self.kinds += ["LOCK", "LOCK", "TRY_LOCK", *self.SHARED] if self.locks else []
        self.kinds += ["TIMED_LOCK"] if MUTEX in self.locks else []
        self.crashes = draw.random() < 0.15
        self.routine = None
        self.dpcs = draw.sample(DPCS, draw.choice((0, 0, 1, 1, 2)))
        self.kinds += ["QUEUE_DPC", "QUEUE_DPC", "UNQUEUE"] if self.dpcs else []
        self.threads = draw.choice((2, 2, 3))
        self.requests, self.apcs, self.items = [], [], []
        for theme in draw.sample(THEMES, draw.choice((1, 1, 2, 2, 3))):
            self.add(theme)
        self.routines = list(STARTED)  # that nobody has started yet
        self.unsent, self.unqueued = list(self.requests), list(self.items)
        self.lists = []
        self.once = set()

    def add(self, theme):
        if theme == "requests":
            self.requests = [0] if self.draw.random() < 0.7 else [0, 1]
            self.objects += [COMPLETIONS[one] for one in self.requests]
            self.kinds += ["SEND", "SEND", "SEND", "COMPLETE", "COMPLETE", "CANCEL", "CANCEL", "WAIT"]
        elif theme == "apcs":
            self.apcs = list(APCS[:self.draw.choice((1, 1, 2))])
            self.kinds += ["QUEUE_APC", "QUEUE_APC", "QUEUE_APC", "UNQUEUE_APC", "ENTER", "ENTER", "DELAY", *self.draw.sample(("TEST_ALERT", "WAIT", "TIMED"), 1)]
        elif theme == "items":
            self.items = list(ITEMS[:self.draw.choice((1, 2, 2))])
            self.kinds += ["QUEUE_ITEM", "QUEUE_ITEM", "QUEUE_ITEM"]
        elif theme == "lists":
            self.kinds += ["PUSH", "PUSH", "POP", "POP"]
        elif theme == "threads":
            self.kinds += ["PRIORITY", "PRIORITY", "AWAIT"]
        elif theme == "handles":
            self.kinds += ["SET_HANDLE", "SET_HANDLE", "CLOSE_HANDLE", "CLOSE_HANDLE", "OPEN_HANDLE"]
        elif theme == "callback":
            self.kinds += ["NOTIFY", "NOTIFY", "UNREGISTER"]
        elif theme == "extimer":
            self.kinds += ["ARM_EX", "ARM_EX", "DISARM_EX"]
        elif theme == "dpcs" and not self.dpcs:
            self.dpcs = self.draw.sample(DPCS, self.draw.choice((1, 1, 2)))
            self.kinds += ["QUEUE_DPC", "QUEUE_DPC", "UNQUEUE"]
            self.locks += [] if SPINS & set(self.locks) else [self.draw.choice(sorted(SPINS))]

    def several(self, most, held=frozenset()):
        return [one for _ in range(self.draw.randrange(1, most + 1)) for one in self.block(held, 2)]

    def deferred(self, held, number):
        """What a routine does: it does not come of itself again, or it would for ever. A timer's may set the timer anew, for that ends."""
        kinds, self.kinds = self.kinds, [kind for kind in self.kinds if kind not in self.NOT_IN_ROUTINES] or ["ADD"]
        code = self.several(2, held)
        self.kinds = kinds
        code = [("ADD", 0, 0) if name == "QUEUE_DPC" or (name in ("SET", "INSERT_HEAD") and which == QUEUE) else
                (name, which, rest if number in DPCS and self.draw.random() < 0.5 else 0) if name in ("ARM", "ARM_EVERY") else (name, which, rest) for name, which, rest in code]
        return code or [("ADD", 0, 0)]

    def rounds(self):
        """
        What goes round, for ever or some times, or until an event is set. It changes something in each round: for a loop that only looks (host/explore/spin.c) this
        program reads too many bytes of its list of instructions.
        """
        draw, kinds = self.draw, self.kinds
        self.kinds = [kind for kind in kinds if kind not in self.NOT_AGAIN] or ["ADD"]
        code = [one for one in self.several(2) if one[0] != "SET_WAIT"]
        self.kinds = kinds
        if any(name in ("SET", "INSERT_HEAD") and which == QUEUE for name, which, _ in code):
            code = []
        code = [*draw.choice(([("ADD", 0, 0)], [("LOCK", 0, 0), ("UNLOCK", 0, 0)], [("SET", draw.choice((0, 1, 2, SEMAPHORE)), 0)], [("CLEAR", draw.randrange(3), 0)])), *code]
        of = [one for one in self.objects if one != QUEUE]
        wakes = draw.choice(self.objects)
        kind = draw.choice(SLEEPS if len(of) > 1 else SLEEPS[:2])
        longer = draw.choice((0, LONGER)) | self.alertable()
        sleep = (kind, 0, longer) if kind == "DELAY" else (kind, wakes, longer) if kind == "TIMED" else (kind, *draw.sample(of, 2))
        again = ("AGAIN", draw.randrange(2), draw.choice((0, 0, 1, 2, 4)))
        if kind != "DELAY" and draw.random() < 0.6:
            return [sleep, ("IF", 2 if kind == "ANY_TIMED" else 0, len(code) + 1), *code, again]
        return [sleep, *code, *draw.choice(([], [("TRY", wakes, 0), ("IF", 0, 1)])), again]

    def alertable(self):
        return ALERTABLE if self.apcs and self.draw.random() < 0.4 else 0

    def block(self, held, left):
        draw, kind = self.draw, self.draw.choice(self.kinds)
        dispatch = (SPINS | {DISPATCH}) & held
        if dispatch and kind not in self.DISPATCH:
            return []
        events, timers = ([one for one in self.objects if one in group] for group in (range(SEMAPHORE), TIMERS))
        if kind in ("WAIT", "TRY", "TIMED"):
            one = draw.choice(self.objects)
            out = [] if one == QUEUE and dispatch else [(kind, one, 0 if dispatch else self.alertable())]
        elif kind == "SET":
            one = draw.choice([one for one in self.objects if one <= QUEUE] or [0])
            out = [("INSERT_HEAD" if one == QUEUE and draw.random() < 0.3 else kind, one, 0)]
        elif kind == "SET_WAIT":
            first, second = draw.choice([one for one in self.objects if one <= SEMAPHORE] or [0]), draw.choice([one for one in self.objects if one != QUEUE] or [0])
            out = [(kind, first, second)]
        elif kind in self.TWO:
            of = [one for one in self.objects if one != QUEUE]
            first, second = draw.sample(of, 2) if len(of) > 1 else (None, None)
            out = [(kind, first, second | (0 if dispatch else self.alertable()))] if len(of) > 1 else []
        elif kind in ("CLEAR", "PULSE"):
            out = [(kind, draw.choice(events), 0)] if events else []
        elif kind == "LOOK":
            states = [*self.objects[:3], *([MUTEX_STATE] if MUTEX in self.locks else [])]
            states = [one for one in states if one not in COMPLETIONS]
            out = [(kind, draw.choice(states), 0)] if states else []
        elif kind == "NOTIFY" and held: # the callback may want what its caller has
            return []
        elif kind in ("TIME", "NOTIFY", "ARM_EX", "DISARM_EX", "SET_HANDLE", "OPEN_HANDLE"):
            out = [(kind, 0, 0)]
        elif kind in ("CLOSE_HANDLE", "UNREGISTER"):
            if kind in self.once or "ENTER" in held:
                return []
            self.once.add(kind)
            out = [(kind, 0, 0)]
        elif kind in ("PRIORITY", "AWAIT"):
            if kind == "AWAIT" and held:
                return []
            out = [(kind, draw.randrange(self.threads), draw.randrange(3) if kind == "PRIORITY" else 0)]
        elif kind in ("STAY", "REVERT"):
            return [(kind, draw.randrange(self.threads) if kind == "STAY" else 0, 0)] if not held else []
        elif kind == "DISCARD":
            out = [(kind, 0, 0)] if QUEUE in self.objects else []
        elif kind in ("ARM", "DISARM"):
            with_dpc = draw.choice((0, *self.dpcs)) if kind == "ARM" else 0
            every = kind == "ARM" and draw.random() < 0.1
            out = [("ARM_EVERY" if every else kind, draw.choice(timers), with_dpc | (LATE if with_dpc and draw.random() < 0.3 else 0))]
        elif kind in ("QUEUE_DPC", "UNQUEUE"):
            out = [(kind, draw.choice(self.dpcs), 0)]
        elif kind in ("ADD", "EXCHANGE"):
            out = [(kind, draw.randrange(2), draw.randrange(2))]
        elif kind in ("PUSH", "POP"):
            out = [(kind, draw.randrange(2), 0)]
        elif kind == "SEND":
            if not self.unsent:
                return []
            out = [(kind, self.unsent.pop(), draw.choice((SEND_CANCELLABLE, SEND_CANCELLABLE, SEND_CANCELLABLE, 0, SEND_AT_ONCE)))]
            if draw.random() < 0.35 and not dispatch:
                out = [(kind, out[0][1], out[0][2] | SEND_OF_THREAD)]
        elif kind in ("COMPLETE", "CANCEL"):
            out = [(kind, draw.choice(self.requests), 0)]
        elif kind in ("QUEUE_APC", "UNQUEUE_APC"):
            out = [(kind, draw.choice(self.apcs), 0)]
        elif kind == "QUEUE_ITEM":
            out = [(kind, self.unqueued.pop(), 0)] if self.unqueued else []
        elif kind in ("TEST_ALERT", "DELAY"):
            out = [(kind, 0, self.alertable() if kind == "DELAY" else 0)]
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
        elif kind == "ENTER":
            which = draw.randrange(3)
            if "ENTER" in held:
                return []
            inside = [one for _ in range(draw.randrange(1, 3)) for one in self.block(held | {"ENTER"}, left - 1)] if left > 0 else []
            return [("ENTER", which, 0), *inside, ("LEAVE", which, 0)]
        else:
            return self.region(kind, held, left)
        if kind != "WAIT" and out and left > 0 and draw.random() < 0.35:
            inside = [("CRASH", 0, 0)] if self.crashes and draw.random() < 0.4 else self.block(held, left - 1)
            out += [("IF", draw.randrange(2), len(inside)), *inside] if inside else []
        return out

    def region(self, kind, held, left):
        may = {"LOCK": (0, 1, MUTEX, RESOURCE, PUSH_LOCK, GUARDED, *SPINS), "TRY_LOCK": (0, 1, MUTEX, RESOURCE, RUN_REF, REMOVE_LOCK, GUARDED), "TIMED_LOCK": (MUTEX,)} | self.SHARED
        free = [lock for lock in self.locks if lock not in held and lock in may[kind] and (lock in SPINS or not (SPINS | {DISPATCH}) & held)]
        if not free:
            return []
        lock = self.draw.choice(free)
        inside = [one for _ in range(self.draw.randrange(1, 3)) for one in self.block(held | {lock}, left - 1)] if left > 0 else []
        if kind in ("LOCK", "TRY_LOCK") and lock == RESOURCE and self.draw.random() < 0.4:
            inside += [("CONVERT", 0, 0), *(self.block(held | {lock}, left - 1) if left > 0 else [])]
        inside.append(("UNLOCK_SHARED" if kind == "SHARE" and lock in (PUSH_LOCK, SHARED_SPIN) else "UNLOCK", lock, 0))
        return [(kind, lock, 0), *([("IF", 1, len(inside))] if kind.startswith("T") else []), *inside]

    def program(self):
        draw = self.draw
        going = draw.choice((1, 1, 2)) if draw.random() < self.going else 0
        threads = [self.rounds() if at < going else self.thread(at) or [("LOOK", 0, 0)] for at in range(self.threads)]
        dispatch, passive = frozenset({DISPATCH}), frozenset({"ENTER"})
        lists = [[("ROUTINE", number, draw.choice((0, 0, 1, 2)) | draw.choice((0, 0, HIGH_IMPORTANCE))), *self.deferred(dispatch, number)] for number in self.dpcs]
        lists += [[("ROUTINE", number, draw.randrange(self.threads) | draw.choice((0, 0, APC_SPECIAL, APC_USER))), *self.deferred(passive, number)] for number in self.apcs]
        lists += [[("ROUTINE", number, draw.choice((0, 0, 1))), *self.deferred(passive, number)] for number in self.items]
        lists += [[("ROUTINE", CALLBACK, 0), *self.deferred(frozenset({DISPATCH, "ENTER"}), CALLBACK)]] if "NOTIFY" in self.kinds else []
        lists += [[("ROUTINE", EX_TIMER, 0), *self.deferred(dispatch, EX_TIMER)]] if "ARM_EX" in self.kinds else []
        self.stay(threads, lists)
        if draw.random() < (0.4 if going else 0.15):
            threads[0].insert(0, ("BEHIND", 0, 0))
        return threads + self.lists + lists

    def thread(self, at):
        kinds = self.kinds
        if at == 0 and self.dpcs and self.draw.random() < 0.5: # only one moves, or two would share a processor
            self.kinds = [*kinds, "STAY", "STAY", "REVERT"]
        code = self.several(3)
        self.kinds = kinds
        return code

    def stay(self, threads, lists):
        """One thread, perhaps, has the processor to itself that a DPC has for its target. (On another one it may find somebody, who keeps it out.)"""
        targets = [code[0][2] & 0x0F for code in lists if code[0][1] in DPCS and code[0][2] & 0x0F != 0]
        threads[0][:] = [("REVERT", 0, 0) if name == "STAY" and which + 1 not in targets else (name, which, rest) for name, which, rest in threads[0]]
        if targets and self.draw.random() < 0.6 and all(name != "STAY" for name, _, _ in threads[0]):
            threads[0].insert(0, ("STAY", self.draw.choice(targets) - 1, 0))


CLOSES = {"LOCK": ("UNLOCK",), "TRY_LOCK": ("UNLOCK",), "SHARE": ("UNLOCK", "UNLOCK_SHARED"), "TRY_SHARE": ("UNLOCK",), "STARVE": ("UNLOCK",), "WAIT_EXCLUSIVE": ("UNLOCK",), "TIMED_LOCK": ("UNLOCK",), "ENTER": ("LEAVE",)}


def without(code, at):
    """A list of instructions without that one, and what belongs to it."""
    name, which, _ = code[at]
    gone = {at}
    if name in ("UNLOCK", "UNLOCK_SHARED", "LEAVE", "ROUTINE", "CONVERT") and name != "CONVERT":
        return None
    if name in CLOSES:
        gone |= {next(i for i in range(at + 1, len(code)) if code[i][0] in CLOSES[name] and code[i][1] == which)} if any(
            code[i][0] in CLOSES[name] and code[i][1] == which for i in range(at + 1, len(code))) else set()
    if at + 1 < len(code) and code[at + 1][0] == "IF" and name != "IF":
        gone.add(at + 1)
    out = []
    for i, (what, object_number, argument) in enumerate(code):
        if what == "IF" and i not in gone:
            argument -= sum(i < one <= i + argument for one in gone)
            if argument == 0:
                continue
        if i not in gone:
            out.append((what, object_number, argument))
    return out


def smaller(program):
    """Programs with one thing less."""
    routines = {code[0][1] for code in program if code[0][0] == "ROUTINE"}
    targets = {code[0][2] & 0x0F for code in program if code[0][0] == "ROUTINE" and code[0][1] in APCS}
    targets |= {which for code in program for name, which, _ in code if name in ("PRIORITY", "AWAIT")}
    threads = 0
    for at, code in enumerate(program):
        if code[0][0] == "ROUTINE":
            number = code[0][1]
            uses = any((name in ("START", "JOIN", "QUEUE_DPC", "UNQUEUE", "QUEUE_APC", "UNQUEUE_APC", "QUEUE_ITEM") and which == number) or
                       (name in ("ARM", "ARM_EVERY") and number in DPCS and rest & ~LATE == number) or
                       (name == "NOTIFY" and number == CALLBACK) or (name == "ARM_EX" and number == EX_TIMER) for one in program for name, which, rest in one)
            if not uses:
                yield program[:at] + program[at + 1:]
            if number not in APCS and code[0][2] != 0:
                yield [*program[:at], [("ROUTINE", number, 0), *code[1:]], *program[at + 1:]]
        else:
            if threads not in targets and sum(one[0][0] != "ROUTINE" for one in program) > 1:
                yield [[("ROUTINE", one[0][1], one[0][2] - (one[0][2] & 0x0F > threads)) if one[0][0] == "ROUTINE" and one[0][1] in APCS and i == 0 else
                        (instruction[0], instruction[1] - (instruction[1] > threads), instruction[2]) if instruction[0] in ("PRIORITY", "AWAIT") else instruction
                        for i, instruction in enumerate(one)] for place, one in enumerate(program) if place != at]
            threads += 1
        for i in range(len(code)):
            rest = without(code, i)
            if rest:
                yield [*program[:at], rest, *program[at + 1:]]
            name, which, argument = code[i]
            if name in ("ARM", "ARM_EVERY", "WAIT", "TRY", "TIMED", "DELAY") and argument != 0:
                yield [*program[:at], [*code[:i], (name, which, 0), *code[i + 1:]], *program[at + 1:]]
            if name == "AGAIN" and argument != 1:
                yield [*program[:at], [*code[:i], (name, which, 1), *code[i + 1:]], *program[at + 1:]]
            if name == "TIMED":
                yield [*program[:at], [*code[:i], ("TRY", which, argument), *code[i + 1:]], *program[at + 1:]]


def rests(code):
    """Does what goes round sleep in each round?"""
    first = next((name for name, _, _ in code if name not in ("BEHIND", "STAY", "ROUTINE")), None)
    return first in SLEEPS or all(name != "AGAIN" for name, _, _ in code)


def shrink(program, fails):
    """The smallest that still fails so, that one gets to by leaving out one thing after the other."""
    again = True
    while again:
        again = False
        for one in smaller(program):
            if all(map(rests, one)) and fails(one):
                program, again = one, True
                break
    return program


def goes_round(program):
    return any(name == "AGAIN" for code in program for name, _, _ in code)


def goes_on(program):
    """Is there a timer, or a thread, that does not end by itself? Where everybody else waits for ever, how often it expires is a matter of the time that a run may take, and of no trace."""
    return any(name == "ARM_EVERY" or (name == "AGAIN" and rest == 0) or (name == "ARM" and code[0][0] == "ROUTINE") for code in program for name, _, rest in code)


SLEEP = 100 # a wait with a time-out, or a delay, in a program that goes round


class Rounds(check_models.Run):
    """What a thread sleeps for comes twice in one state of it, eight times at one place; then when nobody else can go on, whoever has slept least first (nt/ke/timeout.c)."""

    def __init__(self, model, schedule):
        self.slept, self.places, self.forced = {}, {}, 0
        super().__init__(model, schedule)

    def is_over(self, thread):
        """It has what it waits for."""
        return self.values.get(self.pending[thread][0], 0) > 0

    def can(self, thread):
        if self.pending[thread] is None or self.pending[thread][1] != SLEEP:
            return super().can(thread)
        _, _, _, place, state, _ = self.pending[thread]
        times, same, before = self.places.get((thread, place), (0, 0, None))
        return self.is_over(thread) or (times < 8 and (same < 2 or before != state))

    def step(self, thread):
        if self.pending[thread][1] != SLEEP:
            return super().step(thread)
        name, _, reads, place, state, length = self.pending[thread]
        self.forced = 0 if self.can(thread) else self.forced + 1
        over = self.is_over(thread)
        if over:
            self.values[name] -= not reads
        else:
            times, same, before = self.places.get((thread, place), (0, 0, None))
            self.places[thread, place] = times + 1, same + 1 if before == state else 1, state
            self.slept[thread] = self.slept.get(thread, 0) + length
        if name != "nothing":
            self.note(thread, name, reads or not over)
        self.steps[thread] += 1
        try:
            self.pending[thread] = self.threads[thread].send(int(over or name == "nothing"))
        except StopIteration:
            self.pending[thread] = None

    def able(self):
        """Who can go on; None: whose sleep is over first is not said here, or nobody will ever stop it."""
        able = super().able()
        if able:
            return able
        due = sorted((self.slept.get(thread, 0) + one[5], thread) for thread, one in enumerate(self.pending) if one is not None and one[1] == SLEEP)
        if self.forced > 12 or (len(due) > 1 and due[0][0] == due[1][0]):
            return None
        return [due[0][1]] if due else []


def model_of(program):
    timed = goes_round(program)

    def thread(code, last=0):
        at, shares, rounds, seen = 0, False, 0, 0
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
            elif name == "AGAIN":
                rounds += 1
                if argument == 0 or rounds <= argument:
                    at, seen = 0, rounds if argument != 0 and which == 0 else 0
            elif name in ("DELAY", "TIMED") and timed:
                place = name if which != QUEUE or name == "DELAY" else "QUEUE"
                last = yield "nothing" if name == "DELAY" else f"object{which}", SLEEP, which == NOTIFICATION, place, (at, last, seen), 2 if argument & LONGER else 1
            elif name == "WAIT":
                yield f"object{which}", GATE if which == NOTIFICATION else WAIT
                last = 1
            elif name in ("ANY", "ALL"):
                both = [(f"object{one}", one != NOTIFICATION) for one in (which, argument)]
                last = yield both[0][0], ANY if name == "ANY" else ALL, *both
                last = last if name == "ANY" else 1
            elif name in ("TRY", "TIMED"):
                last = min((yield f"object{which}", READ if which == NOTIFICATION else TRY), 1)
            else:
                last = yield f"object{which}", READ if name == "LOOK" else CLEAR if name == "CLEAR" else RELEASE if which >= SEMAPHORE else SET
        return last

    values = {"object0": 0, "object1": 1, "object2": 0, "object3": 1, "object4": 0, "word0": 0, "word1": 0, **{f"lock{i}": 0 for i in range(5)}}
    if any(name == "QUEUE_APC" for code in program for name, _, _ in code):
        return drawn_apcs.model_of(program, values, thread)
    return (lambda: (dict(values), [thread(code) for code in program])), Rounds if goes_round(program) else check_models.Run


def code_of(program):
    return b"".join(b"".join(bytes((CODES[name], *rest)) for name, *rest in thread) + b"\0" for thread in program) + b"\0"


class Searches:
    """Searches of a drawn program, in a folder of its own."""

    def __init__(self, ntlab, driver, folder, timeout):
        self.ntlab, self.driver, self.folder, self.timeout, self.fewer = ntlab, driver, folder, timeout, False

    def search(self, program, strategy, budget):
        code = ",".join(f"{byte:02x}" for byte in code_of(program))
        with open(f"{self.folder}/program.reg", "w", encoding="utf-8") as out:
            out.write("Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\explore-drawn\\Parameters]\n"
                      f'"Program"=hex:{code}\n')
        words = [self.ntlab, "explore", "--keep-going", "--inject", "none", "--granularity", "atomics", "--reg", "program.reg", "--json", "-", "--strategy",
                 strategy, "--budget", budget, self.driver]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder) as run:
            try:
                out, err = run.communicate(timeout=self.timeout)
            except subprocess.TimeoutExpired:
                run.terminate()  # it ends its workers
                run.communicate()
                return {"outcome": "too long"}
        try:
            return json.loads(out)["search"]
        except ValueError:
            return {"error": err[-3000:]}

    def disagreements(self, program, found):
        """
        Which searches do not come to `found`, and what they say. Of what is left behind and sleeps the lattice, and who tells traces by hashes, leave out what a thread does last if
        nobody sees it; dpor and odpor are compared with each other.
        """
        unseen = program[0][0][0] == "BEHIND" and any(name in (*SLEEPS, "ARM", "ARM_EVERY") for code in program for name, _, _ in code)
        counted = found
        for strategy in ("dpor", "odpor", "bounded"):
            result = self.search(program, strategy, "20000runs")
            told = (result.get("outcome"), result.get("traces"), result.get("bad"))
            if unseen and strategy == "dpor" and told[0] == "exhausted" and told[1] >= found[0]:
                counted = told[1:]
            if told != ("exhausted", *(found if strategy == "bounded" else counted)) and not (strategy == "bounded" and (told[0] in ("budget", "too long") or (unseen and self.fewer and told[1] < found[0]))):
                yield strategy, f"{told}, not {counted} of {program} {result.get('error', '')}"
        for strategy in ("random", "pos"):
            result = self.search(program, strategy, "200runs")
            if not 0 < result.get("traces", 0) <= found[0]:
                yield strategy, f"{result.get('traces')} are not some of {found} of {program} {result.get('error', '')}"

    def of_lattice(self, program, most):
        """The counts by the lattice, or a disagreement. Where that is too large and somebody goes round or is left behind, dpor's, which are compared with the others'; else None."""
        result = self.search(program, "lattice", f"{most}runs")
        self.fewer = False # may those be that are told by hashes
        if result.get("outcome") in ("budget", "too long"):
            if program[0][0][0] != "BEHIND" and not goes_round(program):
                return None
            self.fewer = True
            result = self.search(program, "dpor", f"{MOST}runs")
            if result.get("outcome") != "exhausted":
                return None
        if result.get("outcome") != "exhausted":
            return "lattice", f"{result.get('outcome')} of {program} {result.get('error', '')}"
        return result["traces"], result["bad"]

    def wrong(self, program, most=BEGINNINGS):
        """Which strategy is the first that disagrees with the lattice, or that itself."""
        found = self.of_lattice(program, most)
        if found is None or isinstance(found[0], str):
            return found and found[0]
        if found[1] != 0 and goes_on(program):
            return None
        return next((strategy for strategy, _ in self.disagreements(program, found)), None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--wide", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--apcs", type=int, default=20)
    parser.add_argument("--going", type=float, default=0.3, help="share of the wide ones in which threads go round")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--shrink", action="store_true", help="make wide programs that fail small")
    parser.add_argument("--program", help="only this one, by the lattice and all others")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for each search")
    parser.add_argument("ntlab")
    parser.add_argument("folder")
    options = parser.parse_args()
    ntlab, driver = os.path.abspath(options.ntlab), os.path.abspath(f"{options.folder}/explore-drawn.sys")
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        searches = Searches(ntlab, driver, folder, options.timeout)

        def compare(program, found):
            if options.show:
                print(found, program, flush=True)
            wrong = {strategy: told for strategy, told in searches.disagreements(program, found)}
            for strategy in ("dpor", "odpor", "bounded", "random", "pos"):
                check(f"{strategy}:", strategy not in wrong, wrong.get(strategy, ""))
            return next(iter(wrong), None)

        def by_model(program, most=BEGINNINGS):
            model, make = model_of(program)
            found = check_models.count(model, most, make)
            if found is None or not 2 <= found[0] <= MOST:
                return False
            compare(program, found)
            return True

        def by_lattice(program, most=BEGINNINGS):
            found = searches.of_lattice(program, most) if sum(map(len, program)) <= 18 else None
            if found is None or found[0] == 1:
                return False
            wrong, told = found if isinstance(found[0], str) else (None, "")
            if wrong is None and found[1] != 0 and goes_on(program):
                return False
            check("lattice:", wrong is None, told)
            wrong = wrong or compare(program, found)
            if wrong is not None and options.shrink:
                print("    small:", shrink(program, lambda one: searches.wrong(one) == wrong), flush=True)
            return True

        if options.program is not None:
            check("too large", by_lattice(ast.literal_eval(options.program), 10 * BEGINNINGS))
            options.count = options.rounds = options.apcs = options.wide = 0
        else:
            for count, first, drawn, take in ((options.count, FOUND, lambda: draw_program(draw), by_model),
                                              (options.rounds, ROUNDS_FOUND, lambda: draw_rounds(draw), by_model),
                                              (options.apcs, APCS_FOUND, lambda: draw_apcs(draw), by_model),
                                              (options.wide, WIDE_FOUND, lambda: Wide(draw, options.going).program(), by_lattice)):
                for program in first:
                    check(f"too large: {program}", take(program, 10 * BEGINNINGS))
                taken = len(first)
                while taken < count:
                    taken += take(drawn())
            for raised, steps in SAME:
                found, wanted = (searches.of_lattice(one, 10 * BEGINNINGS) for one in (raised, steps))
                check("as many:", found == wanted and found is not None, f"{found}, not {wanted} of {raised}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
