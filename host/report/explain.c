/*
 * explain.c - the one sentence at the top, whose mistake it is, and the finding's fingerprint.
 *
 * The sentence says who did what to what, and why that is wrong, in words that need no table.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "host/report/report.h"
#include "host/report/story.h"

struct text {
    char *out;
    size_t size, used;
};

[[gnu::format(printf, 2, 3)]] static void
add(struct text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->out + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    if (length > 0) {
        text->used +=
            (size_t)length < text->size - text->used ? (size_t)length : text->size - text->used - 1;
    }
}

/* A sentence of the tables, inside of another. */
static void
add_lower(struct text *text, const char *sentence)
{
    bool word = sentence[0] >= 'A' && sentence[0] <= 'Z' &&
                ((sentence[1] >= 'a' && sentence[1] <= 'z') || sentence[1] == ' ');

    add(text, "%c%s", word ? sentence[0] | 32 : sentence[0], sentence + 1);
}

static struct place *
find_place(const struct report *report, uint64_t address)
{
    for (size_t i = 0; i < report->places; i++) {
        if (report->place[i]->address == address && !report->place[i]->is_return) {
            return report->place[i];
        }
    }
    return NULL;
}

/* " in FooRead [foo.c:120]" */
static void
add_where(struct text *text, const struct place *place)
{
    const struct source *source;

    if (place == NULL || place->sources == 0) {
        return;
    }
    source = place_source(place);
    if (source == NULL) {
        source = &place->source[0];
    }
    if (source->symbol != NULL) {
        add(text, " in %s", source->symbol);
    }
    if (source->file != NULL && source->line != 0) {
        const char *name = strrchr(source->file, '/');
        const char *back = strrchr(name ? name : source->file, '\\');

        add(text, " [%s:%u]", back ? back + 1 : name ? name + 1 : source->file, source->line);
    }
}

/* Who acted at `rip`: the image; a routine of ours acts for who called it. Then where. */
static void
add_actor(struct text *text, const struct report *report, uint64_t rip, const struct place **where)
{
    const struct place *place = find_place(report, rip);
    char name[256];

    *where = place;
    if (place != NULL && place->origin == ORIGIN_OURS && report->culprit != NULL) {
        place_name(place, name, sizeof(name));
        add(text, "%s, called by %s", name, place_module(report->culprit->image));
        *where = report->culprit;
        add_where(text, *where);
        *where = NULL;
        add(text, ",");
    } else if (place != NULL && place->image != NULL) {
        add(text, "%s", place_module(place->image));
    } else if (report->culprit != NULL) {
        add(text, "%s", place_module(report->culprit->image));
        *where = report->culprit;
    } else {
        add(text, "code at 0x%lx, which belongs to no image,", rip);
        *where = NULL;
    }
}

/* "foo.sys read address 0x10 (a NULL pointer) in FooRead [foo.c:120]" */
static void
add_access(struct text *text, const struct report *report, uint64_t rip, const char *verb,
           uint64_t address)
{
    const struct place *where;
    char data[160];

    if (strcmp(verb, "executed") == 0) {
        const struct place *caller = report->culprit;

        const struct place *target = find_place(report, address);

        add(text, "%s jumped to address 0x%lx", caller ? place_module(caller->image) : "the kernel",
            address);
        if (target != NULL && target->image != NULL) {
            place_name(target, data, sizeof(data));
            add(text, " (%s)", data);
        } else if (place_data(report, address, data, sizeof(data))) {
            add(text, " (%s)", data);
        }
        add_where(text, caller);
        return;
    }
    add_actor(text, report, rip, &where);
    add(text, " %s address 0x%lx", verb, address);
    if (place_data(report, address, data, sizeof(data))) {
        add(text, " (%s)", data);
    }
    add_where(text, where);
}

static const char *
fault_verb(const struct report *report)
{
    return report->registers.error & 0x10 ? "executed"
           : report->registers.error & 2  ? "wrote to"
                                          : "read";
}

static const char *
access_verb(uint64_t access)
{
    return access & 8 || access & 0x10 ? "executed" : access & 1 ? "wrote to" : "read";
}

/* Bugchecks 0x1E, 0x3B, 0x7E: an exception that nobody took. */
static void
add_exception(struct text *text, const struct report *report, uint32_t status, uint64_t rip)
{
    const struct registers *registers = &report->registers;
    const struct place *where;
    const char *name = word_status(status), *words = word_status_text(status);

    if (status == 0xC0000005 && report->exception.present && report->exception.count >= 2 &&
        (!registers->trap || registers->vector == 14)) {
        add_access(text, report, rip, access_verb(report->exception.first),
                   report->exception.second);
    } else if (status == 0xC0000005 && registers->trap && registers->vector == 14) {
        add_access(text, report, rip, fault_verb(report), registers->fault);
    } else if (status == 0xC0000005 && registers->trap) {
        struct code_line line;
        bool known = code_at(report, registers->rip, &line) && line.has_target;

        add_actor(text, report, rip, &where);
        add(text, " %s", !known ? "used" : line.is_write ? "wrote to" : "read");
        if (known && line.target >> 16 == 0xFEEEFEEEFEEE) {
            add(text, " address 0x%lx: a pointer out of pool that has been freed", line.target);
        } else if (known) {
            add(text, " address 0x%lx, which is not canonical", line.target);
        } else {
            add(text, " an address that is not canonical");
        }
        add_where(text, where);
    } else if (registers->trap && words != NULL) {
        add_actor(text, report, rip, &where);
        add(text, " %s", words);
        add_where(text, where);
    } else {
        const struct place *culprit = report->culprit;

        add(text, "%s raised ", culprit ? place_module(culprit->image) : "the kernel");
        add(text, "%s", name ? name : "");
        if (name == NULL) {
            add(text, "exception 0x%08x", status);
        }
        add_where(text, culprit);
    }
    add(text,
        status == 0x80000003 || status == 0xC0000420 ? "" : ", and no __except took the exception");
}

static void
add_regions(struct text *text, const struct report *report)
{
    const struct thread *thread = report->threads ? &report->thread[0] : NULL;
    char name[256];

    for (size_t i = 0; thread != NULL && i < thread->regions; i++) {
        place_name(thread->region[i].caller, name, sizeof(name));
        add(text, "%s the %s region entered at %s", i ? "," : ":",
            thread->region[i].guarded ? "guarded" : "critical", name);
        if (i + 1 == thread->regions) {
            add(text, " %s never left", thread->regions == 1 ? "was" : "were");
        }
    }
}

static void
explain_bugcheck(struct text *text, const struct report *report)
{
    const struct abi_stop *stop = &report->result->stop;
    const uint64_t *p = stop->parameter;
    const struct bugcheck_text *known = bugcheck_text(stop->code);
    const struct value_text *value = bugcheck_value(stop->code, p[0]);
    const char *name = bugcheck_name(stop->code);

    switch (stop->code) {
    case 0xA:
    case 0xD1:
    case 0xD3:
        add_access(text, report, p[3], access_verb(p[2]), p[0]);
        add(text, " at IRQL %lu (%s), where no page fault can be served", p[1], word_irql(p[1]));
        break;
    case 0x50:
        add_access(text, report, p[2],
                   p[1] & 0x10 ? "executed"
                   : p[1] != 0 ? "wrote to"
                               : "read",
                   p[0]);
        add(text, "%s",
            p[3] == 0 ? ", which has been freed" : ", which is no valid system address");
        break;
    case 0xBE:
        add_access(text, report, report->registers.rip, "wrote to", p[0]);
        add(text, ", which is read-only");
        break;
    case 0xFC:
        add_access(text, report, 0, "executed", p[0]);
        add(text, "%s",
            ABI_IS_USER(p[0]) ? ": kernel mode must not execute user memory (SMEP)"
                              : ", which is not executable");
        break;
    case 0xCE:
        add_access(text, report, p[2], access_verb(p[1]), p[0]);
        add(text, " of a driver that has been unloaded");
        break;
    case 0x1E:
    case 0x3B:
    case 0x7E:
    case 0x8E:
        add_exception(text, report, (uint32_t)p[0], p[1]);
        break;
    case 0x1:
        add(text, "the %s came back with KernelApcDisable %d",
            p[3] ? "worker routine" : "system call",
            report_has_special(report) ? (int16_t)p[2] : (int32_t)p[2]);
        if (report_has_special(report)) {
            add(text, " and SpecialApcDisable %d", (int16_t)(p[2] >> 16));
        }
        add_regions(text, report);
        break;
    case 0x20:
        add(text, "a thread ends with APCs disabled (count %d)", (int16_t)p[1]);
        add_regions(text, report);
        break;
    case 0x4A:
        add(text, "a system call came back at IRQL %lu (%s)", p[1], word_irql(p[1]));
        break;
    default:
        if (report->culprit != NULL) {
            add(text, "%s", place_module(report->culprit->image));
            add_where(text, report->culprit);
            add(text, ": ");
        }
        add_lower(text, value   ? value->text
                        : known ? known->summary
                        : name  ? name
                                : "a bugcheck that the reference does not name");
        if (text->used > 0 && text->out[text->used - 1] == '.') {
            text->out[--text->used] = 0;
        }
    }
    if (stop->message[0] != 0) {
        add(text, " (%s)", stop->message);
    }
}

static void
add_thread(struct text *text, const struct thread *thread)
{
    add(text, "thread %04lx.%04lx of %s", thread->pid, thread->tid, thread->name);
}

static void
add_wait(struct text *text, const struct wait *wait)
{
    add(text, "%s 0x%lx", wait_kind(wait->kind), wait->object);
}

/* " (Device->Lock)": a driver's own name for an object. */
static void
add_variable(struct text *text, const struct report *report, uint64_t object)
{
    char name[96];

    for (size_t i = 0; i < report->result->images && report->story != NULL; i++) {
        const struct run_image *image = &report->result->image[i];

        if (object - image->base < image->size) {
            object_name(report, object, name, sizeof(name));
            add(text, " (%s)", name);
            return;
        }
    }
}

static void
explain_circle(struct text *text, const struct report *report)
{
    add(text, "deadlock: ");
    for (size_t i = 0; i < report->circles; i++) {
        const struct thread *thread = &report->thread[report->circle[i]];

        if (i == 0) {
            add_thread(text, thread);
        }
        add(text, "%s waits for ", i ? ", which" : "");
        if (thread->waits != 0) {
            add_wait(text, &thread->wait[0]);
            add_variable(text, report, thread->wait[0].object);
        }
        add(text, " of ");
        if (i + 1 < report->circles) {
            add_thread(text, &report->thread[report->circle[i + 1]]);
        } else {
            add(text, i ? "the first" : "its own");
        }
    }
}

static bool
is_suspended(const struct thread *thread)
{
    return thread->suspend != 0 && strcmp(word_reason(thread->reason), "Suspended") == 0 &&
           strcmp(thread->state, "waiting") == 0;
}

static const struct thread *
thread_at(const struct report *report, uint64_t address)
{
    for (size_t i = 0; i < report->threads; i++) {
        if (report->thread[i].address == address) {
            return &report->thread[i];
        }
    }
    return NULL;
}

/* A thread that is suspended and has what this one waits for; NULL. */
static const struct thread *
suspended_owner(const struct report *report, const struct thread *thread)
{
    for (size_t i = 0; i < thread->waits; i++) {
        for (size_t j = 0; j < thread->wait[i].owners; j++) {
            const struct thread *owner = thread_at(report, thread->wait[i].owner[j]);

            if (owner != NULL && owner != thread && is_suspended(owner)) {
                return owner;
            }
        }
    }
    return NULL;
}

/* It waits for the end of a thread that waits itself: a consequence. */
static bool
waits_for_stuck(const struct report *report, const struct thread *thread)
{
    const struct thread *other = thread->waits == 1 && strcmp(thread->wait[0].kind, "thread") == 0
                                     ? thread_at(report, thread->wait[0].object)
                                     : NULL;

    return other != NULL && strcmp(other->state, "waiting") == 0;
}

/*
 * The thread that a hang is about: one that spins; one that waits for a suspended one; one inside a driver, where
 * nothing but what it waits for can end the wait, and not just for such a thread; one inside a driver; else a client's.
 */
static const struct thread *
stuck_thread(const struct report *report)
{
    for (size_t i = 0; i < report->threads; i++) {
        if (report->thread[i].spin != 0) {
            return &report->thread[i];
        }
    }
    for (int pass = 0; pass < 5; pass++) {
        for (size_t i = 0; i < report->threads; i++) {
            const struct thread *thread = &report->thread[i];
            bool is = pass == 0   ? suspended_owner(report, thread) != NULL
                      : pass == 1 ? thread->in_driver && thread->mode == 0 &&
                                        !is_suspended(thread) && !waits_for_stuck(report, thread)
                      : pass == 2 ? thread->in_driver && thread->mode == 0 && !is_suspended(thread)
                      : pass == 3 ? thread->in_driver
                                  : !thread->system;

            if (is && strcmp(thread->state, "waiting") == 0) {
                return thread;
            }
        }
    }
    return NULL;
}

/* " in foo.sys!FooRead", the newest frame of a driver. */
static void
add_driver_frame(struct text *text, const struct thread *thread)
{
    char name[256];

    for (size_t i = 0; i < thread->frames; i++) {
        if (thread->frame[i].place->origin == ORIGIN_DRIVER) {
            place_name(thread->frame[i].place, name, sizeof(name));
            add(text, " in %s", name);
            return;
        }
    }
}

/* Who is suspended where others may have to wait for it: the owner of what is waited for first. */
static void
add_suspended(struct text *text, const struct report *report, const struct thread *stuck)
{
    const struct thread *owner = suspended_owner(report, stuck);

    for (size_t i = 0; i < report->threads; i++) {
        const struct thread *thread = owner != NULL ? owner : &report->thread[i];

        if (thread != stuck && thread->in_driver && is_suspended(thread)) {
            add(text, owner != NULL ? "; its owner, " : "; ");
            add_thread(text, thread);
            add(text, owner != NULL ? ", is suspended" : " is suspended");
            add_driver_frame(text, thread);
            return;
        }
    }
}

/* What keeps special kernel APCs out of a thread: a guarded region, or its IRQL and what raised that. */
static void
add_special_off(struct text *text, const struct thread *thread)
{
    char name[256];

    if (thread->special_apc != 0) {
        add(text, "SpecialApcDisable %d", thread->special_apc);
        for (size_t i = thread->regions; i-- > 0;) {
            if (thread->region[i].guarded) {
                place_name(thread->region[i].caller, name, sizeof(name));
                add(text, ": guarded region entered at %s", name);
                return;
            }
        }
        return;
    }
    add(text, "IRQL %lu (%s)", thread->irql, word_irql(thread->irql));
    for (size_t i = thread->helds; i-- > 0;) {
        const struct held *held = &thread->held[i];

        if (strcmp(held->kind, "fast-mutex") == 0 && held->caller != NULL) {
            place_name(held->caller, name, sizeof(name));
            add(text, ": fast mutex 0x%lx acquired at %s", held->object, name);
            return;
        }
    }
}

static void
add_normal_off(struct text *text, const struct thread *thread)
{
    char name[256];

    add(text, "KernelApcDisable %d", thread->kernel_apc);
    for (size_t i = thread->regions; i-- > 0;) {
        if (!thread->region[i].guarded) {
            place_name(thread->region[i].caller, name, sizeof(name));
            add(text, ": critical region entered at %s", name);
            return;
        }
    }
}

/* An APC that would help the thread is queued to it and cannot come in: who keeps it out. */
static void
add_blocked_apc(struct text *text, const struct thread *thread)
{
    char name[256];

    for (size_t i = 0; i < thread->apcs; i++) {
        const struct apc *apc = &thread->apc[i];
        bool special = strcmp(apc->kind, "special") == 0;
        bool all = thread->special_apc != 0 || thread->irql >= 1;

        if (!special && (strcmp(apc->kind, "normal") != 0 || (!all && thread->kernel_apc == 0))) {
            continue;
        }
        if (special && !all) {
            continue;
        }
        add(text, "; %s kernel APCs are off in it (", all ? "special" : "normal");
        if (all) {
            add_special_off(text, thread);
        } else {
            add_normal_off(text, thread);
        }
        if (apc->irp != 0) {
            add(text, "), and the completion of IRP 0x%lx is queued as one", apc->irp);
        } else {
            place_name(special ? apc->kernel : apc->normal, name, sizeof(name));
            add(text, "), and one is queued: %s", name);
        }
        return;
    }
}

/* A request that a driver keeps, and nobody is left to complete. */
static void
add_pending(struct text *text, const struct report *report, const struct thread *thread)
{
    char name[256];

    for (size_t i = 0; i < thread->irps; i++) {
        const struct irp *irp = &thread->irp[i];
        const struct call *owner = NULL;

        for (size_t j = 0; j < report->calls; j++) {
            const struct call *call = &report->call[j];

            if (call->irp == irp->address && call->returned && call->status == 0x103 &&
                !call->completed) {
                owner = call; /* the last one: the lowest driver */
            }
        }
        if (owner == NULL) {
            continue;
        }
        place_name(owner->routine, name, sizeof(name));
        add(text, "; its %s 0x%lx is pending: %s returned STATUS_PENDING", word_major(owner->major),
            irp->address, name);
        add_where(text, owner->routine);
        add(text, ", and nothing is left that could complete it");
        return;
    }
}

static void
explain_hang(struct text *text, const struct report *report)
{
    const struct thread *thread = stuck_thread(report);
    char lost[700];

    if (thread != NULL && thread->spin != 0) {
        add(text, "deadlock: ");
    } else {
        add(text, "%s", report->result->stop.message);
    }
    if (thread == NULL ||
        (thread->spin == 0 && report->result->stop.verdict == ABI_DEADLOCK)) { /* it named them */
        return;
    }
    add(text, thread->spin ? "" : ": ");
    add_thread(text, thread);
    if (thread->spin != 0) {
        add(text, " spins for the spin lock 0x%lx, which nobody is left to release,", thread->spin);
    } else {
        add(text, " waits");
    }
    if (thread->waits != 0) {
        add(text, " for ");
        add_wait(text, &thread->wait[0]);
        add_variable(text, report, thread->wait[0].object);
    }
    add_driver_frame(text, thread);
    add_blocked_apc(text, thread);
    add_pending(text, report, thread);
    add_suspended(text, report, thread);
    if (story_lost(report, (uint32_t)thread->agent, lost, sizeof(lost))) {
        add(text, "; %s", lost);
    }
}

static void
explain_client(struct text *text, const struct report *report)
{
    const struct abi_boot *boot = &report->request->boot;
    uint32_t code = report->result->stop.code;
    const char *name = boot->clients == 1 ? strrchr(boot->client[0].image, '\\') : NULL;
    const char *status = code >= 0x80000000 ? word_status(code) : NULL,
               *words = status ? word_status_text(code) : NULL;

    add(text, "%s ended with exit code %u", name ? name + 1 : "a client", code);
    if (code > 9) {
        add(text, " (0x%x%s%s)", code, status ? ", " : "", status ? status : "");
    }
    if (words != NULL) {
        add(text, ": it %s", words);
    }
    if (report->result->stop.message[0] != 0) {
        add(text, ": %s", report->result->stop.message);
    }
}

/* The host's own sentence has the two instructions by name; here they have lines too. */
static void
explain_race(struct text *text, const struct report *report)
{
    add(text, "%s", report->result->stop.message);
    for (int i = 1; i <= 2 && report->result->stop.code == 0; i++) {
        struct place *place =
            place_of((struct report *)report, report->result->stop.parameter[i], false);

        const struct source *source = place_source(place);

        if (source != NULL) {
            const char *slash = strrchr(source->file, '/');

            add(text, "%s%s:%u", i == 1 ? " (" : " and ", slash != NULL ? slash + 1 : source->file,
                source->line);
            if (i == 2) {
                add(text, ")");
            }
        }
    }
}

static void
explain_stop(struct text *text, const struct report *report)
{
    const struct run_result *result = report->result;
    const struct abi_stop *stop = &result->stop;

    switch (stop->verdict) {
    case ABI_CLEAN:
        if (stop->code != 0) {
            explain_client(text, report);
        } else {
            add(text, "clean%s%s", stop->message[0] ? ": " : "", stop->message);
        }
        break;
    case ABI_BUGCHECK:
        explain_bugcheck(text, report);
        break;
    case ABI_DEADLOCK:
    case ABI_HANG:
        if (report->circles != 0) {
            explain_circle(text, report);
        } else if (stop->verdict == ABI_DEADLOCK && stop->parameter[0] != 0) { /* the host saw it */
            add(text, "%s", stop->message);
        } else {
            explain_hang(text, report);
        }
        break;
    case ABI_SUSPEND_DOS:
        suspended_explain(report, text->out, text->size);
        break;
    case ABI_RACE:
        explain_race(text, report);
        break;
    case ABI_RULE:
        if (rule_broken(report) != NULL) {
            add(text, "%s: ", rule_broken(report)->rule->name);
        }
        add(text, "%s", stop->message);
        break;
    case ABI_INTERNAL:
        add(text, "a failure of ntlab: %s (at %s)", stop->message, result->where);
        break;
    default:
        add(text, "%s", stop->message);
    }
}

static const char *
symbol_of(const struct frame *frame)
{
    return frame->place->sources != 0 ? frame->place->source[frame->place->sources - 1].symbol : "";
}

/*
 * Before Windows 8 an unload does not wait for DriverEntry. Where the driver object is gone when the I/O manager looks
 * at it next, or the image when DriverEntry goes on, no driver could have helped it: what its own state is does
 * not matter.
 */
static bool
is_unloaded_in_load(const struct report *report)
{
    const struct thread *thread = report->threads != 0 ? &report->thread[0] : NULL;
    bool in_driver = false;

    if (strcmp(report->kind, "bugcheck") != 0 || thread == NULL) {
        return false;
    }
    for (size_t i = 0; i < thread->frames; i++) {
        const struct frame *frame = &thread->frame[i];

        if (frame->place->origin == ORIGIN_DRIVER) {
            in_driver = true;
        } else if (frame->place->origin == ORIGIN_OURS &&
                   strcmp(symbol_of(frame), "IopLoadDriver") == 0) {
            /* In the driver: the instruction itself could not be read. */
            return !in_driver || (report->registers.rip == report->registers.fault &&
                                  thread->frame[0].place->origin == ORIGIN_DRIVER);
        }
    }
    return false;
}

/*
 * Does somebody wait for a filter's operations that are under way, to unload the filter or to detach it? The filter manager calls
 * a filter's callbacks in threads that can be suspended, and waits for them: no filter can do anything about it.
 * [DDI: FltUnregisterFilter]
 */
static bool
is_in(const struct thread *thread, const char *first, const char *second)
{
    for (size_t i = 0; thread != NULL && i < thread->frames; i++) {
        const char *symbol = symbol_of(&thread->frame[i]);

        if (strcmp(symbol, first) == 0 || strcmp(symbol, second) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_draining_filter(const struct report *report)
{
    const struct thread *victim =
        strcmp(report->kind, "suspend-dos") == 0 ? suspended_victim(report) : NULL;
    /* Who asked for the unload waits for the worker that does it. */
    bool asked = is_in(victim, "IopUnloadDriver", "IopServiceRequest");

    for (size_t i = 0; victim != NULL && i < report->threads; i++) {
        if ((asked || &report->thread[i] == victim) &&
            is_in(&report->thread[i], "FltpTearDown", "FltUnregisterFilter")) {
            return true;
        }
    }
    return false;
}

/*
 * The service of a device control does not hold its file while the driver is called: once the request is completed, another thread
 * can close the handle, and the driver can be unloaded, while the dispatch routine has not yet returned. Each driver has those
 * instructions. (A file that was opened for synchronous I/O is locked meanwhile.)
 */
static bool
is_unloaded_in_dispatch(const struct report *report)
{
    const struct thread *thread = report->threads != 0 ? &report->thread[0] : NULL;

    return strcmp(report->kind, "bugcheck") == 0 && report->result->stop.code == 0xCE &&
           thread != NULL && thread->frames != 0 &&
           report->registers.rip == report->registers.fault &&
           thread->frame[0].place->origin == ORIGIN_DRIVER &&
           is_in(thread, "NtDeviceIoControlFile", "NtFsControlFile");
}

/* What no driver can help, and why; NULL: it is nothing of that kind. */
static const char *
known_of_system(const struct report *report)
{
    if (is_unloaded_in_dispatch(report)) {
        return ": a device control that has been completed does not keep its file, so the driver "
               "can be unloaded before its dispatch routine has returned";
    }
    if (is_draining_filter(report)) {
        return ": the filter manager waits for the filter's operations, in whose threads anybody "
               "may suspend it";
    }
    if (is_unloaded_in_load(report)) {
        return ": the driver has been unloaded while it was being loaded, which nothing keeps "
               "apart before Windows 8";
    }
    return NULL;
}

static void
blame(struct report *report, const char *known)
{
    report->blame = "unknown";
    report->severity =
        strcmp(report->kind, "race") == 0 && report->result->stop.code == 0 ? "warning" : "error";
    if (known != NULL) {
        report->blame = "system-known";
        report->severity = "note";
    } else if (strcmp(report->kind, "client") == 0) {
        report->blame = "client";
    } else if (strcmp(report->kind, "hang") == 0 || strcmp(report->kind, "deadlock") == 0) {
        const struct thread *thread =
            report->circles ? &report->thread[report->circle[0]] : stuck_thread(report);

        report->blame = thread != NULL && thread->in_driver ? "driver" : "unknown";
    } else if (strcmp(report->kind, "suspend-dos") == 0) {
        report->blame = "driver";
    } else if (report->culprit != NULL) {
        report->blame = report->culprit->origin == ORIGIN_DRIVER ? "driver" : "client";
    }
}

static bool
hangs(const struct report *report)
{
    return strcmp(report->kind, "hang") == 0 || strcmp(report->kind, "deadlock") == 0;
}

/* Kind, code, what is waited for and functions: what survives when lines shift. */
static void
fingerprint(struct report *report)
{
    const struct thread *thread = report->threads ? &report->thread[0] : NULL;
    uint64_t hash = 0xCBF29CE484222325ull;
    char text[600];
    int functions = 0;

    if (report->circles != 0) {
        thread = &report->thread[report->circle[0]];
    } else if (strcmp(report->kind, "hang") == 0) {
        thread = stuck_thread(report);
    }
    snprintf(text, sizeof(text), "%s:%x%s%s", report->kind,
             report->result->end == RUN_STOPPED && report->result->stop.verdict != ABI_SUSPEND_DOS
                 ? report->result->stop.code
                 : 0,
             hangs(report) && thread != NULL && thread->waits != 0 ? ":" : "",
             hangs(report) && thread != NULL && thread->waits != 0 ? thread->wait[0].kind : "");
    for (size_t i = 0;; i++) {
        for (const char *c = text; *c != 0; c++) {
            hash = (hash ^ (uint8_t)*c) * 0x100000001B3ull;
        }
        while (thread != NULL && i < thread->frames &&
               thread->frame[i].place->origin != ORIGIN_DRIVER &&
               thread->frame[i].place->origin != ORIGIN_CLIENT) {
            i++;
        }
        if (thread == NULL || i >= thread->frames || functions++ == 3) {
            break;
        }
        snprintf(text, sizeof(text), ":%s!%s", thread->frame[i].place->image->name,
                 thread->frame[i].place->sources
                     ? thread->frame[i].place->source[thread->frame[i].place->sources - 1].symbol
                     : "?");
    }
    if (rule_broken(report) != NULL) {
        hash = violation_fingerprint(rule_broken(report));
    }
    snprintf(report->fingerprint, sizeof(report->fingerprint), "%016lx", hash);
}

/* "foo.sys+0x1094" in a text of the machine; false if it is none. */
static bool
rva_word(const struct report *report, const char *word, size_t length, uint64_t *address)
{
    for (size_t i = report->result->images; i-- > 0;) {
        const struct run_image *image = &report->result->image[i];
        size_t name = strlen(image->name);

        if (length > name + 3 && strncmp(word, image->name, name) == 0 &&
            strncmp(word + name, "+0x", 3) == 0) {
            *address = image->base + strtoull(word + name + 3, NULL, 16);
            return true;
        }
    }
    return false;
}

static size_t
word_length(const char *text)
{
    return strcspn(text, " ,;:()");
}

void
explain_collect(struct report *report, const char *text)
{
    uint64_t address;

    for (; *text != 0; text += word_length(text), text += *text != 0) {
        if (rva_word(report, text, word_length(text), &address)) {
            place_of(report, address, strncmp(text + word_length(text), " called", 7) == 0);
        }
    }
}

/* The machine knows exports only: say it with symbols. */
void
explain_refine(struct report *report, const char *old, char *out, size_t size)
{
    struct text text = {.out = out, .size = size};
    char name[300];
    uint64_t address;

    out[0] = 0;
    for (const char *at = old; *at != 0;) {
        size_t length = word_length(at);

        if (rva_word(report, at, length, &address)) {
            place_name(place_of(report, address, strncmp(at + length, " called", 7) == 0), name,
                       sizeof(name));
            add(&text, "%s", name);
        } else {
            add(&text, "%.*s", (int)length, at);
        }
        at += length;
        if (*at != 0) {
            add(&text, "%c", *at++);
        }
    }
}

void
explain(struct report *report)
{
    struct text text = {.out = report->message, .size = sizeof(report->message)};
    char old[sizeof(report->message)];
    const char *known;

    if (report->result->end == RUN_STOPPED) {
        explain_stop(&text, report);
    } else {
        add(&text, "%s", report->result->message);
    }
    memcpy(old, report->message, sizeof(old));
    explain_refine(report, old, report->message, sizeof(report->message));
    for (char *c = report->message; *c != 0; c++) {
        *c = (unsigned char)*c < 0x20 || *c == 0x7F ? '?' : *c; /* R1 */
    }
    known = known_of_system(report);
    blame(report, known);
    if (known != NULL) {
        size_t length = strlen(report->message);

        snprintf(report->message + length, sizeof(report->message) - length, "%s", known);
    }
    fingerprint(report);
}
