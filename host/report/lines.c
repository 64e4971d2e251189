/*
 * lines.c - reads the kernel's lines; nt/ke/report.c says what they are.
 *
 * They come from a worker that may have been trampled (R1): a line that is not understood is left
 * out, a field that is missing stays 0, and there is a most for everything.
 */
#include <stdlib.h>
#include <string.h>
#include "host/report/report.h"

#define MAX_THREADS     1024
#define MAX_ALLOCATIONS 2000
#define MAX_FRAMES      128
#define MAX_ROWS        64  /* regions, waits, requests of a thread */
#define LINE_BYTES      128 /* at most, of memory in a line */

struct reader {
    struct report *report;
    char *line;              /* zero-terminated, without its first word */
    const char *last;        /* the first word of the line that a `+` continues */
    struct kept_memory kept; /* for the thread's next line */
};

/* The value of `key` in the line, up to the next tab. */
static bool
field(const struct reader *reader, const char *key, char *out, size_t size)
{
    size_t length = strlen(key);

    for (const char *at = reader->line; at != NULL; at = strchr(at, '\t')) {
        at += *at == '\t';
        if (strncmp(at, key, length) == 0 && at[length] == '=') {
            size_t end = strcspn(at + length + 1, "\t");

            end = end < size - 1 ? end : size - 1;
            memcpy(out, at + length + 1, end);
            out[end] = 0;
            return true;
        }
    }
    return false;
}

static void
number(const struct reader *reader, const char *key, uint64_t *out)
{
    char text[32];

    if (field(reader, key, text, sizeof(text))) {
        *out = strtoull(text, NULL, 16);
    }
}

static void
word(const struct reader *reader, const char *key, char *out, size_t size)
{
    field(reader, key, out, size);
}

static int32_t
count(const struct reader *reader, const char *key, int32_t before)
{
    uint64_t value = (uint32_t)before;

    number(reader, key, &value);
    return (int32_t)(uint32_t)value;
}

static void
read_thread(struct reader *reader, struct thread *thread)
{
    const struct {
        const char *key;
        uint64_t *value;
    } numbers[] = {
        {"address", &thread->address},
        {"tid", &thread->tid},
        {"pid", &thread->pid},
        {"process", &thread->process},
        {"cpu", &thread->cpu},
        {"irql", &thread->irql},
        {"current", &thread->current},
        {"system", &thread->system},
        {"priority", &thread->priority},
        {"base", &thread->base},
        {"teb", &thread->teb},
        {"initial", &thread->initial},
        {"stack-base", &thread->stack_base},
        {"stack-limit", &thread->stack_limit},
        {"stack", &thread->stack},
        {"start", &thread->start},
        {"switches", &thread->switches},
        {"reason", &thread->reason},
        {"mode", &thread->mode},
        {"alertable", &thread->alertable},
        {"suspend", &thread->suspend},
        {"previous", &thread->previous},
        {"service", &thread->service},
        {"spin", &thread->spin},
        {"name-of", &thread->agent},
        {"attached", &thread->attached},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        number(reader, numbers[i].key, numbers[i].value);
    }
    thread->kernel_apc = count(reader, "kernel-apc", thread->kernel_apc);
    thread->special_apc = count(reader, "special-apc", thread->special_apc);
    word(reader, "name", thread->name, sizeof(thread->name));
    word(reader, "state", thread->state, sizeof(thread->state));
    word(reader, "attached-name", thread->attached_name, sizeof(thread->attached_name));
}

static void
read_registers(struct reader *reader, struct registers *registers)
{
    const struct {
        const char *key;
        uint64_t *value;
    } numbers[] = {
        {"rip", &registers->rip},     {"rsp", &registers->rsp},     {"flags", &registers->flags},
        {"fault", &registers->fault}, {"error", &registers->error}, {"vector", &registers->vector},
        {"rax", &registers->rax},     {"rbx", &registers->rbx},     {"rcx", &registers->rcx},
        {"rdx", &registers->rdx},     {"rsi", &registers->rsi},     {"rdi", &registers->rdi},
        {"rbp", &registers->rbp},     {"r8", &registers->r8},       {"r9", &registers->r9},
        {"r10", &registers->r10},     {"r11", &registers->r11},     {"r12", &registers->r12},
        {"r13", &registers->r13},     {"r14", &registers->r14},     {"r15", &registers->r15},
    };
    uint64_t trap = registers->trap;

    registers->present = true;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        number(reader, numbers[i].key, numbers[i].value);
    }
    number(reader, "trap", &trap);
    registers->trap = trap != 0;
}

static void
read_cpu(struct reader *reader)
{
    struct report *report = reader->report;
    struct cpu *cpu;

    if (report->cpus >= ABI_MAX_PROCESSORS) {
        return;
    }
    report->cpu = report_grow(report->cpu, &report->cpus, sizeof(*cpu));
    cpu = &report->cpu[report->cpus - 1];
    number(reader, "number", &cpu->number);
    number(reader, "irql", &cpu->irql);
    number(reader, "thread", &cpu->thread);
    number(reader, "idle", &cpu->idle);
    number(reader, "dpc", &cpu->dpc);
    number(reader, "routine", &cpu->routine);
    number(reader, "spin", &cpu->spin);
    cpu->routine_place = cpu->routine ? place_of(report, cpu->routine, false) : NULL;
}

/* Lines of one piece of memory follow each other. */
static void
read_memory(struct reader *reader)
{
    struct kept_memory *kept = &reader->kept;
    char bytes[2 * LINE_BYTES + 1] = "";
    uint64_t address = 0;

    number(reader, "address", &address);
    word(reader, "bytes", bytes, sizeof(bytes));
    if (address != kept->address + kept->size) {
        kept->address = address;
        kept->size = 0;
    }
    for (size_t i = 0; bytes[i] != 0 && bytes[i + 1] != 0 && kept->size < sizeof(kept->bytes);
         i += 2) {
        char digits[3] = {bytes[i], bytes[i + 1], 0};

        kept->bytes[kept->size++] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

/* What belongs to the thread that was read last. */
static void
read_part(struct reader *reader, const char *kind, struct thread *thread)
{
    struct report *report = reader->report;
    uint64_t value = 0;
    char text[16] = "";

    if (strcmp(kind, "frame") == 0 && thread->frames < MAX_FRAMES) {
        struct frame *frame;

        thread->frame = report_grow(thread->frame, &thread->frames, sizeof(*frame));
        frame = &thread->frame[thread->frames - 1];
        number(reader, "rip", &frame->rip);
        number(reader, "rsp", &frame->rsp);
        /* A trap names its instruction; everything else is where a call returns to. */
        frame->place = place_of(report, frame->rip,
                                thread->frames > 1 || !thread->current || !report->registers.trap);
        thread->in_driver = thread->in_driver || frame->place->origin == ORIGIN_DRIVER;
    } else if (strcmp(kind, "memory") == 0) {
        read_memory(reader);
    } else if (strcmp(kind, "user") == 0) {
        uint64_t gpr[16] = {0};
        static const char *const names[16] = {"", "", "", "rbx", "",    "rbp", "rsi", "rdi",
                                              "", "", "", "",    "r12", "r13", "r14", "r15"};

        for (int i = 0; i < 16; i++) {
            if (names[i][0] != 0) {
                number(reader, names[i], &gpr[i]);
            }
        }
        unwind_user(report, thread, gpr, &reader->kept);
        reader->kept.size = 0;
    } else if (strcmp(kind, "region") == 0 && thread->regions < MAX_ROWS) {
        struct region *region;

        thread->region = report_grow(thread->region, &thread->regions, sizeof(*region));
        region = &thread->region[thread->regions - 1];
        word(reader, "kind", text, sizeof(text));
        number(reader, "caller", &value);
        region->guarded = strcmp(text, "guarded") == 0;
        region->caller = place_of(report, value, true);
        number(reader, "lock", &region->lock);
    } else if (strcmp(kind, "held") == 0 && thread->helds < MAX_ROWS) {
        struct held *held;

        thread->held = report_grow(thread->held, &thread->helds, sizeof(*held));
        held = &thread->held[thread->helds - 1];
        word(reader, "kind", held->kind, sizeof(held->kind));
        word(reader, "access", held->access, sizeof(held->access));
        number(reader, "object", &held->object);
        number(reader, "caller", &value);
        held->caller = value ? place_of(report, value, true) : NULL;
    } else if (strcmp(kind, "apc") == 0 && thread->apcs < MAX_ROWS) {
        struct apc *apc;

        thread->apc = report_grow(thread->apc, &thread->apcs, sizeof(*apc));
        apc = &thread->apc[thread->apcs - 1];
        word(reader, "kind", apc->kind, sizeof(apc->kind));
        number(reader, "address", &apc->address);
        number(reader, "irp", &apc->irp);
        number(reader, "kernel", &value);
        apc->kernel = value ? place_of(report, value, false) : NULL;
        value = 0;
        number(reader, "normal", &value);
        apc->normal = value ? place_of(report, value, false) : NULL;
    } else if (strcmp(kind, "wait") == 0 && thread->waits < MAX_ROWS) {
        struct wait *wait;

        thread->wait = report_grow(thread->wait, &thread->waits, sizeof(*wait));
        wait = &thread->wait[thread->waits - 1];
        word(reader, "kind", wait->kind, sizeof(wait->kind));
        word(reader, "access", wait->access, sizeof(wait->access));
        word(reader, "held", wait->held, sizeof(wait->held));
        number(reader, "object", &wait->object);
        number(reader, "owner", &value);
        if (value != 0) {
            wait->owner[wait->owners++] = value;
        }
    } else if (strcmp(kind, "owner") == 0 && thread->waits != 0) {
        struct wait *wait = &thread->wait[thread->waits - 1];

        number(reader, "thread", &value);
        if (value != 0 && wait->owners < MAX_OWNERS) {
            wait->owner[wait->owners++] = value;
        }
    } else if (strcmp(kind, "timeout") == 0) {
        number(reader, "due", &thread->due);
    } else if (strcmp(kind, "irp") == 0 && thread->irps < MAX_ROWS) {
        struct irp *irp;

        thread->irp = report_grow(thread->irp, &thread->irps, sizeof(*irp));
        irp = &thread->irp[thread->irps - 1];
        number(reader, "address", &irp->address);
        number(reader, "major", &irp->major);
        number(reader, "minor", &irp->minor);
        number(reader, "code", &irp->code);
        number(reader, "device", &irp->device);
        number(reader, "driver", &irp->driver);
        number(reader, "pending", &irp->pending);
        number(reader, "cancel", &irp->cancel);
        irp->known = field(reader, "major", text, sizeof(text));
    }
}

static void
read_line(struct reader *reader, const char *kind)
{
    struct report *report = reader->report;
    struct thread *thread = report->threads ? &report->thread[report->threads - 1] : NULL;

    if (strcmp(kind, "+") == 0) {
        if (strcmp(reader->last, "thread") == 0 && thread != NULL) {
            read_thread(reader, thread);
            if (thread->start != 0) {
                thread->start_place = place_of(report, thread->start, false);
            }
        } else if (strcmp(reader->last, "registers") == 0) {
            read_registers(reader, &report->registers);
        }
        return;
    }
    if (strcmp(kind, "exception") == 0) {
        report->exception.present = true;
        number(reader, "code", &report->exception.code);
        number(reader, "at", &report->exception.at);
        number(reader, "count", &report->exception.count);
        number(reader, "first", &report->exception.first);
        number(reader, "second", &report->exception.second);
    } else if (strcmp(kind, "pool") == 0 &&
               report->pools < sizeof(report->pool) / sizeof(report->pool[0])) {
        struct pool *pool = &report->pool[report->pools++];

        number(reader, "address", &pool->address);
        number(reader, "block", &pool->block);
        number(reader, "bytes", &pool->bytes);
        number(reader, "tag", &pool->tag);
        number(reader, "freed", &pool->freed);
    } else if (strcmp(kind, "allocation") == 0 && report->allocations < MAX_ALLOCATIONS) {
        struct allocation *allocation;
        uint64_t at = 0;

        report->allocation =
            report_grow(report->allocation, &report->allocations, sizeof(*report->allocation));
        allocation = &report->allocation[report->allocations - 1];
        number(reader, "number", &allocation->number);
        number(reader, "at", &at);
        allocation->place = place_of(report, at, true);
    } else if (strcmp(kind, "broken") == 0) {
        number(reader, "at", &report->broken);
        report->broken += report->broken == 0;
        place_of(report, report->broken, false);
    } else if (strcmp(kind, "registers") == 0) {
        reader->last = "registers";
        read_registers(reader, &report->registers);
    } else if (strcmp(kind, "cpu") == 0) {
        reader->last = "";
        read_cpu(reader);
    } else if (strcmp(kind, "thread") == 0) {
        reader->last = "thread";
        if (report->threads < MAX_THREADS) {
            report->thread = report_grow(report->thread, &report->threads, sizeof(*thread));
            read_thread(reader, &report->thread[report->threads - 1]);
        }
    } else if (thread != NULL) {
        reader->last = "";
        read_part(reader, kind, thread);
    }
}

void
lines_read(struct report *report, const char *lines, size_t length)
{
    static const char again[] = "\nagain\t";
    struct reader reader = {.report = report, .last = ""};
    char line[1024];
    const char *later;

    while ((later = memmem(lines, length, again, sizeof(again) - 1)) != NULL) {
        length -= (size_t)(later + 1 - lines);
        lines = later + 1;
    }

    for (size_t at = 0; at < length;) {
        const char *end = memchr(lines + at, '\n', length - at);
        size_t size = end == NULL ? length - at : (size_t)(end - lines) - at;
        size_t kept = size < sizeof(line) - 1 ? size : sizeof(line) - 1;
        char *tab;

        for (size_t i = 0; i < kept; i++) {
            unsigned char c = (unsigned char)lines[at + i];

            line[i] = c == '\t' || (c >= 0x20 && c < 0x7F) ? (char)c : '?';
        }
        line[kept] = 0;
        at += size + 1;
        tab = strchr(line, '\t');
        if (tab == NULL) {
            continue;
        }
        *tab = 0;
        reader.line = tab + 1;
        read_line(&reader, line);
    }
}
