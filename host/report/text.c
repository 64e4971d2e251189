/*
 * text.c - the report for people, in the order of `!analyze -v`: code and name, arguments, process,
 * thread, instruction and registers, stack, last driver calls, other threads.
 *
 * A run without a finding has one line. Colours only where the caller says that a person looks.
 */
#include <string.h>
#include "host/report/report.h"
#include "host/report/story.h"

struct style {
    const char *bad, *strong, *weak, *end;
};

static const struct style plain = {"", "", "", ""},
                          coloured = {"\033[1;31m", "\033[1m", "\033[2m", "\033[0m"};

struct page {
    FILE *out;
    const struct report *report;
    const struct style *style;
    unsigned width; /* of the columns of a schedule; 0: as in files */
};

static void
heading(const struct page *page, const char *text)
{
    fprintf(page->out, "\n%s%s:%s\n", page->style->strong, text, page->style->end);
}

static struct place *
known_place(const struct report *report, uint64_t address)
{
    for (size_t i = 0; i < report->places; i++) {
        if (report->place[i]->address == address && !report->place[i]->is_return) {
            return report->place[i];
        }
    }
    return NULL;
}

static void
print_source(const struct page *page, const struct source *source)
{
    if (source->file != NULL && source->line != 0) {
        fprintf(page->out, " [%s @ %u]", source->file, source->line);
    }
}

/* ---- code, name, arguments ---- */

static void
print_parameter(const struct page *page, int index, uint64_t value,
                const struct parameter_text *text)
{
    char name[300];

    fprintf(page->out, "Arg%d: %016lx, %s", index + 1, value, text->text);
    switch (text->kind) {
    case P_CODE:
        place_name(known_place(page->report, value), name, sizeof(name));
        if (known_place(page->report, value) != NULL &&
            known_place(page->report, value)->image != NULL) {
            fprintf(page->out, ": %s", name);
        }
        break;
    case P_ADDRESS:
        if (value != 0 && place_data(page->report, value, name, sizeof(name))) {
            fprintf(page->out, ": %s", name);
        }
        break;
    case P_IRQL:
        fprintf(page->out, ": %s", word_irql(value));
        break;
    case P_STATUS:
        if (word_status((uint32_t)value) != NULL) {
            fprintf(page->out, ": %s", word_status((uint32_t)value));
        }
        break;
    case P_ACCESS:
        fprintf(page->out, ": %s",
                value & 8 || value == 2 ? "execute"
                : value & 1             ? "write"
                                        : "read");
        break;
    case P_ACCESS50:
        fprintf(page->out, ": %s", value & 0x10 ? "execute" : value ? "write" : "read");
        break;
    case P_APC:
        if (report_has_special(page->report)) {
            fprintf(page->out, ": %d and %d", (int16_t)(value >> 16), (int16_t)value);
        } else {
            fprintf(page->out, ", the second of 32 bits and alone: %d", (int32_t)value);
        }
        break;
    default:
        break;
    }
    fputs("\n", page->out);
}

static void
print_code(const struct page *page)
{
    static const struct parameter_text unknown = {P_VALUE, "no meaning on record"};
    const struct abi_stop *stop = &page->report->result->stop;
    const struct bugcheck_text *text = bugcheck_text(stop->code);
    const struct value_text *value = bugcheck_value(stop->code, stop->parameter[0]);
    const char *name = bugcheck_name(stop->code);

    fprintf(page->out, "\n%s%s (%x)%s\n", page->style->bad,
            name ? name : "Bugcheck without a public name", stop->code, page->style->end);
    if (text != NULL) {
        fprintf(page->out, "%s\n", text->summary);
    }
    fprintf(page->out, "Arguments:\n");
    for (int i = 0; i < 4; i++) {
        const struct parameter_text *parameter = text != NULL ? &text->parameter[i] : &unknown;
        struct parameter_text first;

        if (value != NULL && i > 0 && value->rest[i - 1].text != NULL) {
            parameter = &value->rest[i - 1];
        } else if (value != NULL && i == 0) {
            first = (struct parameter_text){P_VALUE, value->text};
            parameter = &first;
        }
        print_parameter(page, i, stop->parameter[i], parameter);
    }
}

/* ---- threads ---- */

static void
print_wait(const struct page *page, const struct thread *thread, const struct wait *wait)
{
    fprintf(page->out, "        %s", wait->kind);
    if (wait->object != 0) {
        fprintf(page->out, " %016lx", wait->object);
    }
    if (wait->access[0] != 0) {
        fprintf(page->out, ", wanted %s, held %s", wait->access, wait->held);
    }
    for (size_t i = 0; i < wait->owners && strcmp(wait->kind, "thread") != 0; i++) {
        const struct thread *owner = NULL;

        for (size_t j = 0; j < page->report->threads; j++) {
            owner = page->report->thread[j].address == wait->owner[i] ? &page->report->thread[j]
                                                                      : owner;
        }
        fprintf(page->out, "%s %016lx", i ? "," : ", owned by thread", wait->owner[i]);
        if (owner == thread) {
            fputs(" (itself)", page->out);
        } else if (owner != NULL) {
            fprintf(page->out, " (Cid %04lx.%04lx, %s)", owner->pid, owner->tid, owner->name);
        }
    }
    fputs("\n", page->out);
}

static void
print_irp(const struct page *page, const struct irp *irp)
{
    fprintf(page->out, "        %016lx", irp->address);
    if (irp->known) {
        fprintf(page->out, " %s", word_major((unsigned)irp->major));
        if (irp->code != 0) {
            fprintf(page->out, " code 0x%lx (%s)", irp->code, word_method(irp->code));
        }
        fprintf(page->out, " at device %016lx", irp->device);
        for (size_t i = 0; i < page->report->result->images; i++) {
            if (page->report->result->image[i].base == irp->driver && irp->driver != 0) {
                fprintf(page->out, " of %s", page->report->result->image[i].name);
                break;
            }
        }
        fprintf(page->out, "%s", irp->pending ? ", pending" : "");
    }
    fprintf(page->out, "%s\n", irp->cancel ? ", cancelled" : "");
}

/* "Critical region entered 2 times: foo.sys!FooRead+0x1c [foo.c @ 12], nt!ExAcquire... (resource 0x..)" */
static void
print_regions(const struct page *page, const struct thread *thread, bool guarded)
{
    size_t count = 0;
    char name[300];

    for (size_t i = 0; i < thread->regions; i++) {
        count += thread->region[i].guarded == guarded;
    }
    if (count == 0) {
        return;
    }
    fprintf(page->out, "    %s region entered %zu time%s", guarded ? "Guarded" : "Critical", count,
            count == 1 ? "" : "s");
    count = 0;
    for (size_t i = 0; i < thread->regions; i++) {
        const struct region *region = &thread->region[i];

        if (region->guarded != guarded) {
            continue;
        }
        place_name(region->caller, name, sizeof(name));
        fprintf(page->out, "%s %s", count++ ? "," : ":", name);
        if (place_source(region->caller) != NULL) {
            print_source(page, place_source(region->caller));
        }
        if (region->lock != 0) {
            fprintf(page->out, " (lock %016lx)", region->lock);
        }
    }
    fputs("\n", page->out);
}

/* What the thread holds, and who waits for it. */
static void
print_held(const struct page *page, const struct thread *thread)
{
    const struct report *report = page->report;
    char name[300];

    for (size_t i = 0; i < thread->helds; i++) {
        const struct held *held = &thread->held[i];

        fprintf(page->out, "    Holds %s %016lx", wait_kind(held->kind), held->object);
        if (strcmp(held->kind, "resource") == 0 || strcmp(held->kind, "push-lock") == 0) {
            fprintf(page->out, " %s", held->access);
        }
        if (held->caller != NULL) {
            place_name(held->caller, name, sizeof(name));
            fprintf(page->out, ", acquired at %s", name);
            if (place_source(held->caller) != NULL) {
                print_source(page, place_source(held->caller));
            }
        }
        for (size_t j = 0; j < report->threads; j++) {
            const struct thread *other = &report->thread[j];

            for (size_t k = 0; k < other->waits; k++) {
                if (other->wait[k].object == held->object) {
                    fprintf(page->out, "; waited for by %04lx.%04lx %s", other->pid, other->tid,
                            other->name);
                }
            }
        }
        fputs("\n", page->out);
    }
}

static void
print_apcs(const struct page *page, const struct thread *thread)
{
    char name[300];

    for (size_t i = 0; i < thread->apcs; i++) {
        const struct apc *apc = &thread->apc[i];
        const struct place *routine = apc->normal != NULL ? apc->normal : apc->kernel;

        place_name(routine, name, sizeof(name));
        fprintf(page->out, "    Queued %s APC %016lx: %s",
                strcmp(apc->kind, "special") == 0   ? "special kernel"
                : strcmp(apc->kind, "normal") == 0  ? "normal kernel"
                : strcmp(apc->kind, "suspend") == 0 ? "suspend (normal kernel)"
                                                    : "user",
                apc->address, name);
        if (apc->irp != 0) {
            fprintf(page->out, ", completes IRP %016lx", apc->irp);
        }
        fputs("\n", page->out);
    }
}

/* The fields of `!thread`. */
static void
print_thread(const struct page *page, const struct thread *thread)
{
    char name[256];

    if (thread->bare) {
        fprintf(page->out, "PROCESSOR %lu  IRQL %lu (%s)  %s mode\n", thread->cpu, thread->irql,
                word_irql(thread->irql),
                page->report->result->mode == ABI_USER_MODE ? "user" : "kernel");
        return;
    }
    fprintf(page->out, "THREAD %016lx  Cid %04lx.%04lx  Teb: %016lx  ", thread->address,
            thread->pid, thread->tid, thread->teb);
    if (strcmp(thread->state, "running") == 0) {
        fprintf(page->out, "RUNNING on processor %lu\n", thread->cpu);
    } else if (strcmp(thread->state, "waiting") == 0) {
        fprintf(page->out, "WAIT: (%s) %s %s%s\n", word_reason(thread->reason),
                thread->mode ? "UserMode" : "KernelMode",
                thread->alertable ? "Alertable" : "Non-Alertable",
                thread->suspend ? ", suspended" : "");
        for (size_t i = 0; i < thread->waits; i++) {
            print_wait(page, thread, &thread->wait[i]);
        }
    } else {
        fprintf(page->out, "%s on processor %lu\n", thread->state, thread->cpu);
    }
    if (thread->spin != 0) {
        fprintf(page->out, "    Spins for the lock at %016lx\n", thread->spin);
    }
    if (thread->irps != 0) {
        fprintf(page->out, "    IRP List:\n");
        for (size_t i = 0; i < thread->irps; i++) {
            print_irp(page, &thread->irp[i]);
        }
    }
    fprintf(page->out, "    Owning Process    %016lx  Image: %s\n", thread->process, thread->name);
    fprintf(page->out, "    Attached Process  %016lx  Image: %s\n", thread->attached,
            thread->attached ? thread->attached_name : "N/A");
    if (thread->start_place != NULL) {
        place_name(thread->start_place, name, sizeof(name));
        fprintf(page->out, "    Start Address     %s\n", name);
    }
    fprintf(page->out, "    Stack Init %016lx  Current %016lx  Base %016lx  Limit %016lx\n",
            thread->initial, thread->stack, thread->stack_base, thread->stack_limit);
    fprintf(page->out, "    Priority %lu  BasePriority %lu  ContextSwitches %lu\n",
            thread->priority, thread->base, thread->switches);
    fprintf(page->out, "    IRQL %lu (%s)  KernelApcDisable %d", thread->irql,
            word_irql(thread->irql), thread->kernel_apc);
    if (report_has_special(page->report)) {
        fprintf(page->out, "  SpecialApcDisable %d", thread->special_apc);
    }
    fputc('\n', page->out);
    print_regions(page, thread, false);
    print_regions(page, thread, true);
    print_held(page, thread);
    print_apcs(page, thread);
}

static void
print_stack(const struct page *page, const struct thread *thread)
{
    char name[300];

    for (size_t i = 0; i < thread->frames; i++) {
        const struct frame *frame = &thread->frame[i];
        const struct place *place = frame->place;
        size_t same = 0; /* recursion: many frames that return to one place */

        while (i + same < thread->frames && thread->frame[i + same].rip == frame->rip) {
            same++;
        }
        if (same > 4) {
            i += same - 1;
            frame = &thread->frame[i];
            fprintf(page->out, "   (%zu more frames like the next one)\n", same - 1);
        }
        for (size_t j = 0; j + 1 < place->sources; j++) {
            fprintf(page->out, "%02zx %s(inline)        %s %s!%s", i, page->style->weak,
                    page->style->end, place_module(place->image),
                    place->source[j].symbol ? place->source[j].symbol : "?");
            print_source(page, &place->source[j]);
            fputs("\n", page->out);
        }
        place_name(place, name, sizeof(name));
        fprintf(page->out, "%02zx %s%016lx%s %s", i, page->style->weak, frame->rsp,
                page->style->end, name);
        if (place->sources != 0) {
            print_source(page, &place->source[place->sources - 1]);
        }
        fputs("\n", page->out);
    }
    if (thread->frames == 0) {
        fprintf(page->out, "(no stack: the thread has not run yet, or its stack cannot be read)\n");
    }
}

/* ---- instruction, registers ---- */

static void
print_registers(const struct page *page)
{
    const struct registers *r = &page->report->registers;
    struct code_line line;
    char name[300];
    const struct place *place = known_place(page->report, r->rip);

    if (!r->present || !r->trap) {
        return; /* those of a call say nothing about its caller */
    }
    if (r->trap) {
        heading(page, "FAULTING_IP");
        place_name(place, name, sizeof(name));
        fprintf(page->out, "%s", place ? name : "(unknown)");
        if (place_source(place) != NULL) {
            print_source(page, place_source(place));
        }
        fputs("\n", page->out);
        if (code_at(page->report, r->rip, &line)) {
            fprintf(page->out, "%016lx ", r->rip);
            for (size_t i = 0; i < line.length; i++) {
                fprintf(page->out, "%02x", line.bytes[i]);
            }
            fprintf(page->out, "%*s%s%s%s", (int)(line.length < 10 ? 20 - 2 * line.length : 1), "",
                    page->style->strong, line.text, page->style->end);
            if (line.operand[0] != 0) {
                fprintf(page->out, "    %s%s", line.operand,
                        r->vector == 14 && line.target == r->fault ? "=????????" : "");
            }
            fputs("\n", page->out);
        } else {
            fprintf(page->out, "%016lx ??              (no code there)\n", r->rip);
        }
    }
    heading(page, "REGISTERS");
    fprintf(page->out, "rax=%016lx rbx=%016lx rcx=%016lx\n", r->rax, r->rbx, r->rcx);
    fprintf(page->out, "rdx=%016lx rsi=%016lx rdi=%016lx\n", r->rdx, r->rsi, r->rdi);
    fprintf(page->out, "rip=%016lx rsp=%016lx rbp=%016lx\n", r->rip, r->rsp, r->rbp);
    fprintf(page->out, " r8=%016lx  r9=%016lx r10=%016lx\n", r->r8, r->r9, r->r10);
    fprintf(page->out, "r11=%016lx r12=%016lx r13=%016lx\n", r->r11, r->r12, r->r13);
    fprintf(page->out, "r14=%016lx r15=%016lx efl=%08lx\n", r->r14, r->r15, r->flags);
}

/* ---- driver calls, other threads ---- */

static void
print_calls(const struct page *page)
{
    const struct report *report = page->report;
    char name[256];

    if (report->calls == 0) {
        return;
    }
    heading(page, "LAST_DRIVER_CALLS (newest last)");
    for (size_t i = 0; i < report->calls; i++) {
        const struct call *call = &report->call[i];

        place_name(call->routine, name, sizeof(name));
        fprintf(page->out, "  %s", word_major(call->major));
        if (call->minor != 0) {
            fprintf(page->out, ".%x", call->minor);
        }
        if (call->code != 0) {
            fprintf(page->out, " 0x%lx (%s)", call->code, word_method(call->code));
        }
        fprintf(page->out, "  irp %016lx  device %016lx  %s", call->irp, call->device, name);
        for (size_t j = 0; j < report->threads; j++) {
            if (report->thread[j].agent == call->agent) {
                fprintf(page->out, "  thread %04lx.%04lx", report->thread[j].pid,
                        report->thread[j].tid);
            }
        }
        if (call->irql != 0) {
            fprintf(page->out, "  IRQL %u", call->irql);
        }
        if (!call->returned) {
            fprintf(page->out, "  %shas not returned%s", page->style->strong, page->style->end);
        } else if (word_status(call->status) != NULL) {
            fprintf(page->out, "  -> %s", word_status(call->status));
        } else {
            fprintf(page->out, "  -> 0x%08x", call->status);
        }
        if (call->completed && call->completed_status != call->status) {
            fprintf(page->out, ", completed with 0x%08x", call->completed_status);
        }
        fputs("\n", page->out);
    }
}

/* Which other threads a reader needs: inside a driver, at fault, or (where all hang) of a client.
 */
static bool
is_of_interest(const struct report *report, size_t index)
{
    const struct thread *thread = &report->thread[index];
    bool stuck = strcmp(report->kind, "hang") == 0 || strcmp(report->kind, "deadlock") == 0 ||
                 strcmp(report->kind, "livelock") == 0;

    for (size_t i = 0; i < report->circles; i++) {
        if (report->circle[i] == index) {
            return true;
        }
    }
    return thread->in_driver || thread->spin != 0 || (stuck && !thread->system && thread->pid != 0);
}

static void
print_others(const struct page *page)
{
    const struct report *report = page->report;
    bool first = true;

    for (size_t i = report->nobody ? 0 : 1; i < report->threads; i++) {
        if (!is_of_interest(report, i)) {
            continue;
        }
        if (first) {
            heading(page, report->nobody ? "THREADS THAT WAIT" : "OTHER THREADS INSIDE A DRIVER");
            first = false;
        } else {
            fputs("\n", page->out);
        }
        print_thread(page, &report->thread[i]);
        print_stack(page, &report->thread[i]);
    }
}

static void
print_processors(const struct page *page)
{
    const struct report *report = page->report;
    char name[256];

    for (size_t i = 0; i < report->cpus; i++) {
        const struct cpu *cpu = &report->cpu[i];

        if (cpu->dpc != 0) {
            place_name(cpu->routine_place, name, sizeof(name));
            fprintf(page->out, "PROCESSOR %lu runs DPC %016lx: %s\n", cpu->number, cpu->dpc, name);
        }
        if (cpu->spin != 0) {
            fprintf(page->out, "PROCESSOR %lu spins for the lock at %016lx\n", cpu->number,
                    cpu->spin);
        }
    }
}

/* The line of a driver where a thread waits. */
static void
print_line(const struct page *page, const struct thread *thread)
{
    for (size_t i = 0; i < thread->frames; i++) {
        const struct place *place = thread->frame[i].place;

        if (place->origin == ORIGIN_DRIVER && place->sources != 0) {
            fprintf(page->out, " in %s", place->source[0].symbol ? place->source[0].symbol : "?");
            print_source(page, &place->source[0]);
            return;
        }
    }
}

/* Who waits for what, which who has had since where. */
static void
print_link(const struct page *page, const struct thread *thread, const struct thread *next)
{
    uint64_t object = thread->waits != 0 ? thread->wait[0].object : 0;
    char name[300];

    fprintf(page->out, "  %04lx.%04lx %s waits for %s %016lx", thread->pid, thread->tid,
            thread->name, thread->waits ? wait_kind(thread->wait[0].kind) : "?", object);
    if (page->report->story != NULL) {
        object_name(page->report, object, name, sizeof(name));
        fprintf(page->out, " (%s)", name);
    }
    print_line(page, thread);
    fprintf(page->out, "\n      owned by %04lx.%04lx", next->pid, next->tid);
    for (size_t i = 0; i < next->helds; i++) {
        const struct held *held = &next->held[i];

        if (held->object == object && held->caller != NULL) {
            place_name(held->caller, name, sizeof(name));
            fprintf(page->out, ", acquired at %s", name);
            if (place_source(held->caller) != NULL) {
                print_source(page, place_source(held->caller));
            }
        }
    }
    fputs("\n", page->out);
}

static void
print_circle(const struct page *page)
{
    const struct report *report = page->report;

    if (report->circles == 0) {
        return;
    }
    heading(page, "WAIT_CHAIN");
    for (size_t i = 0; i < report->circles; i++) {
        const struct thread *thread = &report->thread[report->circle[i]];
        const struct thread *next = &report->thread[report->circle[(i + 1) % report->circles]];

        print_link(page, thread, next);
    }
}

static void
print_culprit(const struct page *page)
{
    const struct place *culprit = page->report->culprit;
    const struct source *source = place_source(culprit);
    char name[300];

    if (culprit == NULL) {
        return;
    }
    place_name(culprit, name, sizeof(name));
    fprintf(page->out, "\nSYMBOL_NAME:  %s\nIMAGE_NAME:   %s\n", name, culprit->image->name);
    if (source != NULL) {
        fprintf(page->out, "FAULTING_SOURCE_FILE: %s\nFAULTING_SOURCE_LINE_NUMBER: %u\n",
                source->file, source->line);
    }
}

/* How it came to that. */
static void
print_story(const struct page *page)
{
    if (page->report->story == NULL || page->report->story->shown == 0) {
        return;
    }
    heading(page, "SCHEDULE (time goes down; numbers are choices)");
    story_columns(page->out, page->report, page->width, page->style->strong, page->style->end);
}

static void
print_site(const struct page *page, const char *what, const struct place *place,
           const struct story_agent *who)
{
    const struct source *source = place_source(place);
    char name[300];

    if (place == NULL) {
        return;
    }
    place_name(place, name, sizeof(name));
    fprintf(page->out, "    %-9s at %s", what, name);
    if (source != NULL) {
        fprintf(page->out, " [%s @ %u]", source->file, source->line);
    }
    if (who != NULL) {
        fprintf(page->out, " by thread %c", who->letter);
    }
    fputc('\n', page->out);
}

static void
print_block(const struct page *page)
{
    struct block_life life;

    if (!story_block(page->report, &life)) {
        return;
    }
    heading(page, "POOL BLOCK");
    fprintf(page->out, "%016lx", life.address);
    if (life.bytes != 0) {
        fprintf(page->out, ", %lu bytes", life.bytes);
    }
    fputc('\n', page->out);
    print_site(page, "allocated", life.allocated, NULL);
    print_site(page, "freed", life.freed, life.freer);
    print_site(page, "used", life.used, life.user);
}

static void
print_confirm(const struct page *page)
{
    char words[4000];

    report_confirm(page->report, words, sizeof(words));
    heading(page, "TO SEE IT ON WINDOWS");
    fprintf(page->out, "%s\n", words);
}

/* The rule that has ended the run. */
static void
print_rule(const struct page *page)
{
    const struct violation *broken = rule_broken(page->report);

    if (broken == NULL) {
        return;
    }
    heading(page, "RULE");
    fprintf(page->out, "%s (%s): %s\n", broken->rule->name, broken->rule->family,
            broken->rule->sentence);
    if (broken->rule->aliases[0] != 0) {
        fprintf(page->out, "Microsoft's: %s\n", broken->rule->aliases);
    }
    fprintf(page->out, "See docs/rules/%s.md\n", broken->rule->name);
}

static void
print_details(const struct page *page)
{
    const struct report *report = page->report;
    const struct thread *thread = report->threads && !report->nobody ? &report->thread[0] : NULL;
    char name[300];

    if (report->result->end == RUN_STOPPED && report->result->stop.verdict == ABI_BUGCHECK) {
        print_code(page);
    }
    print_rule(page);
    print_circle(page);
    print_block(page);
    print_story(page);
    if (report->verdict == VERDICT_FINDING) {
        print_confirm(page);
    }
    if (thread != NULL) {
        if (!thread->bare) {
            fprintf(page->out, "\nPROCESS_NAME:  %s  (process id %lx)\n", thread->name,
                    thread->pid);
        }
        print_processors(page);
        fputs("\n", page->out);
        print_thread(page, thread);
    }
    if (thread == NULL) {
        print_processors(page);
    }
    print_registers(page);
    if (thread != NULL) {
        heading(page, "STACK_TEXT");
        print_stack(page, thread);
    }
    print_culprit(page);
    print_calls(page);
    print_others(page);
    if (report->broken != 0) {
        place_name(known_place(report, report->broken), name, sizeof(name));
        fprintf(page->out,
                "\nThe report is not whole: writing it has faulted at %s; structures of the kernel "
                "may be damaged.\n",
                known_place(report, report->broken) ? name : "an unknown place");
    }
    if (!report->symbolized && report->places != 0) {
        fprintf(page->out, "\nNames come from export tables: llvm-symbolizer was not found "
                           "(NTLAB_SYMBOLIZER, PATH) or gave no answer.\n");
    }
}

/* Rules that were broken, but have not ended the run. */
static void
print_violations(const struct page *page)
{
    const struct report *report = page->report;
    char words[1024];

    for (size_t i = 0; i < report->violations; i++) {
        const struct violation *violation = &report->violation[i];
        const struct place *place = violation_place(violation);

        if (violation == rule_broken(report)) {
            continue;
        }
        explain_refine((struct report *)report, violation->message, words, sizeof(words));
        fprintf(page->out, "%sntlab: %s: %s: %s%s", page->style->strong,
                rule_severity_name(violation->severity), violation->rule->name, words,
                page->style->end);
        if (place_source(place) != NULL) {
            print_source(page, place_source(place));
        }
        fputs("\n", page->out);
    }
}

void
report_text(FILE *out, const struct report *report, bool colour, unsigned width)
{
    struct page page = {out, report, colour ? &coloured : &plain, width};
    bool named = report->verdict == VERDICT_CLEAN ||
                 strncmp(report->message, report->kind, strlen(report->kind)) == 0 ||
                 strcmp(report->kind, "internal") == 0 || strcmp(report->kind, "client") == 0;

    if (report->verdict == VERDICT_CLEAN) {
        print_violations(&page);
        fprintf(out, "ntlab: %s\n", report->message);
        return;
    }
    fprintf(out, "%sntlab: ", page.style->bad);
    if (report->result->end == RUN_STOPPED && report->result->stop.verdict == ABI_BUGCHECK) {
        fprintf(out, "bugcheck 0x%X: ", report->result->stop.code);
    } else if (!named) {
        fprintf(out, "%s: ", report->kind);
    }
    fprintf(out, "%s%s\n", report->message, page.style->end);
    print_violations(&page);
    if (strcmp(report->kind, "client") != 0 && strcmp(report->kind, "load") != 0) {
        print_details(&page);
        fputs("\n", out);
    }
}
