/*
 * services.c - what `ntlab syscalls` shows of system services: a line for each, and a summary.
 *
 *     29bf0.3b988 NtCreateEvent(EventHandle=0x60, DesiredAccess=0x1f0003, ...) = STATUS_SUCCESS <0.000000>
 *
 * The kernel tells of a service before it is called and after (KiSystemCall64Observed); what it reads is read before, what it
 * stores after. Between the two other threads may run: a line is written when its service is done, and says how long that was.
 *
 *   V1  The guest's memory is read through the alias, whatever it holds: nothing here is trusted.
 *   V2  Stamps (--stages) are of the thread that came last: a service during which another one was told has waited, and does
 *       not count for the stages. Those up to the service's end are kept when it is told, for the next entry makes them anew.
 *   V3  Telling is between the stamps 18 and 8, and 17 and 9: neither a stage nor a share.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include "abi/account.h"
#include "host/image/insn.h"
#include "host/machine/machine.h"
#include "host/machine/services.h"

#define NUMBERS     0x200
#define MAX_PENDING 256
#define STAGES      17
#define RETURNED    17 /* stamps of V3 */
#define TELLING     18
#define OUTLIER     20000 /* the host has run something else meanwhile ... */
#define PAGES_MORE  50    /* ... and how many times that where pages are opened and closed */

static const struct type {
    uint32_t number;
    const char *name;
    const char *parameters;
} types[] = {
#include "servicetypes.h"
};

static const struct status {
    uint32_t value;
    const char *name;
} statuses[] = {
#include "servicestatuses.h"
};

static struct pending {
    uint32_t thread; /* 0: free */
    uint32_t process;
    struct abi_service service;
    uint64_t begin;
    bool switched; /* another service was told meanwhile */
    char text[8][200];
} pending[MAX_PENDING];

static struct count {
    uint64_t calls, errors;
} counts[NUMBERS + 1];

static struct {
    uint64_t told;      /* services told: V2 */
    uint64_t last_exit; /* stamp 16 of the last service */
    bool kept;          /* `keep` is of the last service, which was alone */
    uint64_t keep[TELLING + 1];
    uint64_t stage[STAGES], count[STAGES], least[STAGES];
    uint64_t begin_tsc, begin_ns;
} sum;

static const struct type *
type_of(uint32_t number)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].number == number) {
            return &types[i];
        }
    }
    return NULL;
}

static const char *
status_name(uint32_t status)
{
    size_t low = 0, high = sizeof(statuses) / sizeof(statuses[0]);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (statuses[middle].value == status) {
            return statuses[middle].name;
        }
        if (statuses[middle].value < status) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* A UNICODE_STRING of the guest's, in quotes. */
static void
put_string(uint64_t address, char *out, size_t size)
{
    struct {
        uint16_t length, maximum;
        uint32_t fill;
        uint64_t buffer;
    } string;
    uint16_t text[60];
    size_t used = 1, units;

    if (address == 0 || space_read(address, &string, sizeof(string)) != sizeof(string)) {
        snprintf(out, size, "%s", address == 0 ? "NULL" : "?");
        return;
    }
    units = string.length / 2 < 60 ? string.length / 2 : 60;
    if (space_read(string.buffer, text, units * 2) != units * 2) {
        snprintf(out, size, "\"?\"");
        return;
    }
    out[0] = '"';
    for (size_t i = 0; i < units && used + 5 < size; i++) {
        out[used++] = text[i] >= 0x20 && text[i] < 0x7F ? (char)text[i] : '.';
    }
    snprintf(out + used, size - used, "\"%s", string.length / 2 > units ? "..." : "");
}

static void
put_value(const char *service, char kind, const char *name, uint64_t value, bool done, char *out,
          size_t size)
{
    uint64_t word = 0;
    char text[180];

    switch (kind) {
    case 'b':
        snprintf(out, size, "%s", (value & 0xFF) ? "TRUE" : "FALSE");
        break;
    case 'd':
    case 'w':
        if (service_value(service, name, (uint32_t)value, text, sizeof(text))) {
            snprintf(out, size, "%s", text);
        } else {
            snprintf(out, size, kind == 'd' ? "%u" : "0x%x", (uint32_t)value);
        }
        break;
    case 'm':
    case 's':
        snprintf(out, size, "0x%x", (uint32_t)value);
        break;
    case 'h':
        snprintf(out, size, (int64_t)value < 0 ? "%ld" : "0x%lx", value);
        break;
    case 'S':
        put_string(value, out, size);
        break;
    case 'O':
        if (value != 0 && space_read(value + 16, &word, 8) == 8 && word != 0) {
            uint64_t root = 0;
            size_t used = 0;

            space_read(value + 8, &root, 8);
            if (root != 0) {
                used = (size_t)snprintf(out, size, "0x%lx:", root);
            }
            put_string(word, out + used, size - used);
        } else {
            snprintf(out, size, value == 0 ? "NULL" : "{}");
        }
        break;
    case 't':
        if (value == 0 || space_read(value, &word, 8) != 8) {
            snprintf(out, size, value == 0 ? "NULL" : "?");
        } else if (strstr(name, "Offset") != NULL || strstr(name, "Size") != NULL ||
                   strstr(name, "Length") != NULL) {
            snprintf(out, size, "[%ld]", (int64_t)word);
        } else if ((int64_t)word == INT64_MIN) {
            snprintf(out, size, "[infinite]");
        } else {
            snprintf(out, size, "[%s%.6f s]", (int64_t)word < 0 ? "in " : "",
                     ((int64_t)word < 0 ? -(double)(int64_t)word : (double)word) / 1e7);
        }
        break;
    case 'H':
    case 'Q':
        if (value != 0 && done && space_read(value, &word, 8) == 8) {
            snprintf(out, size, "[0x%lx]", word);
        } else {
            snprintf(out, size, value == 0 ? "NULL" : "0x%lx", value);
        }
        break;
    case 'U':
        if (value != 0 && done && space_read(value, &word, 4) == 4) {
            if (!service_value(service, name, (uint32_t)word, text, sizeof(text))) {
                snprintf(text, sizeof(text), "%u", (uint32_t)word);
            }
            snprintf(out, size, "[%s]", text);
        } else {
            snprintf(out, size, value == 0 ? "NULL" : "0x%lx", value);
        }
        break;
    case 'i': {
        uint64_t block[2];

        if (value != 0 && done && space_read(value, block, 16) == 16) {
            const char *text = status_name((uint32_t)block[0]);

            if (text != NULL) {
                snprintf(out, size, "{%s, %lu}", text, block[1]);
            } else {
                snprintf(out, size, "{0x%x, %lu}", (uint32_t)block[0], block[1]);
            }
        } else {
            snprintf(out, size, value == 0 ? "NULL" : "0x%lx", value);
        }
        break;
    }
    default:
        snprintf(out, size, value == 0 && kind == 'p' ? "NULL" : "0x%lx", value);
    }
}

/* Is it known only when the service is done? */
static bool
is_out(char kind)
{
    return strchr("HUQi", kind) != NULL;
}

static uint64_t
stamp(uint32_t stage)
{
    if (stage == 0 && machine.pages) {
        stage = ABI_STAMP_GATE; /* the way in begins there */
    }
    return ((volatile struct abi_turn *)guest_pointer(ABI_TURN))->stamp[stage];
}

static bool
has_stages(void)
{
    return (machine.request->features & ABI_FEATURE_STAGES) != 0;
}

static bool
has_shares(void)
{
    return (machine.request->features & ABI_FEATURE_SHARES) != 0;
}

static uint64_t
monotonic_ns(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void
print_line(struct pending *p, bool done, uint64_t result)
{
    const struct type *type = type_of(p->service.number);
    const char *at = type != NULL ? type->parameters : "", *status;
    char line[2400];
    int used;

    used = type != NULL
               ? snprintf(line, sizeof(line), "%04x.%04x %s(", p->process, p->thread, type->name)
               : snprintf(line, sizeof(line), "%04x.%04x service 0x%x(", p->process, p->thread,
                          p->service.number);
    for (uint32_t i = 0; *at != 0 && i < 18; i++) {
        size_t length = strcspn(at, ",");
        char value[200], name[64];

        snprintf(name, sizeof(name), "%.*s", (int)length - 1, at + 1);
        if (i < 8 && !is_out(at[0])) {
            snprintf(value, sizeof(value), "%s", p->text[i]);
        } else {
            put_value(type->name, at[0], name, p->service.argument[i], done, value, sizeof(value));
        }
        used += snprintf(line + used, sizeof(line) - (size_t)used, "%s%s=%s", i ? ", " : "", name,
                         value);
        at += length + (at[length] == ',');
    }
    status = done ? status_name((uint32_t)result) : "?";
    if (status != NULL) {
        used += snprintf(line + used, sizeof(line) - (size_t)used, ") = %s", status);
    } else {
        used += snprintf(line + used, sizeof(line) - (size_t)used, ") = 0x%lx", result);
    }
    used += snprintf(line + used, sizeof(line) - (size_t)used, " <%.6f>\n",
                     (double)(GUEST->time_100ns - p->service.time_100ns) / 1e7);
    worker_send(RUN_SERVICE, line, (size_t)used);
}

static struct pending *
pending_of(uint32_t thread, bool make)
{
    struct pending *free = NULL;

    for (size_t i = 0; i < MAX_PENDING; i++) {
        if (pending[i].thread == thread) {
            return &pending[i];
        }
        if (pending[i].thread == 0 && free == NULL) {
            free = &pending[i];
        }
    }
    return make ? free : NULL;
}

static bool
prints(void)
{
    return (machine.request->features & ABI_FEATURE_SERVICES) != 0 && !machine.request->quiet;
}

static void
begin(const struct abi_service *service)
{
    struct pending *p = pending_of(service->thread, true);
    const struct type *type = type_of(service->number);
    const char *at = type != NULL ? type->parameters : "";

    counts[service->number < NUMBERS ? service->number : NUMBERS].calls++;
    if (sum.begin_tsc == 0 && has_shares()) {
        sum.begin_tsc = __builtin_ia32_rdtsc();
        sum.begin_ns = monotonic_ns();
    }
    if (p == NULL) {
        return;
    }
    if (p->thread != 0 && prints()) {
        print_line(p, false, 0); /* it has not come back: NtContinue and the like */
    }
    p->thread = service->thread;
    p->process = service->process;
    p->service = *service;
    p->begin = sum.told;
    for (uint32_t i = 0; *at != 0 && i < 8 && prints(); i++) {
        size_t length = strcspn(at, ",");
        char name[64];

        snprintf(name, sizeof(name), "%.*s", (int)length - 1, at + 1);
        put_value(type->name, at[0], name, service->argument[i], false, p->text[i],
                  sizeof(p->text[i]));
        at += length + (at[length] == ',');
    }
}

static void
end(const struct abi_service *service, uint64_t result)
{
    struct pending *p = pending_of(service->thread, false);

    if ((uint32_t)result >= 0xC0000000u) {
        counts[service->number < NUMBERS ? service->number : NUMBERS].errors++;
    }
    if (p == NULL) {
        return;
    }
    if (has_stages() && p->begin + 1 == sum.told) {
        for (uint32_t i = 0; i <= TELLING; i++) {
            sum.keep[i] = stamp(i);
        }
        sum.kept = true;
    }
    if (prints()) {
        print_line(p, true, result);
    }
    p->thread = 0;
}

static void
take(uint32_t stage, uint64_t took)
{
    if (took >= OUTLIER * (machine.pages ? PAGES_MORE : 1) && stage != 8) {
        return;
    }
    sum.stage[stage] += took;
    sum.count[stage]++;
    sum.least[stage] = sum.count[stage] == 1 || took < sum.least[stage] ? took : sum.least[stage];
}

/* The service before is over by now: its way out has its stamps. */
static void
settle(void)
{
    if (!has_stages() || stamp(16) < stamp(9) || sum.last_exit == stamp(16)) {
        return;
    }
    sum.last_exit = stamp(16);
    for (uint32_t i = 9; i < 16; i++) {
        take(i, stamp(i + 1) - stamp(i));
    }
    if (sum.kept) {
        for (uint32_t i = 0; i < 7; i++) {
            take(i, sum.keep[i + 1] - sum.keep[i]);
        }
        take(7, sum.keep[TELLING] - sum.keep[7]);
        take(8, sum.keep[RETURNED] - sum.keep[8]);
        sum.kept = false;
    }
}

void
services_tell(const struct abi_service *service, bool done, uint64_t result)
{
    if (!done) {
        settle();
    }
    sum.told++;
    if (done) {
        end(service, result);
    } else {
        begin(service);
    }
}

/* ---- at the end ---- */

[[gnu::format(printf, 1, 2)]] static void
say(const char *format, ...)
{
    char line[512];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    worker_send(RUN_SERVICE, line,
                (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

/* Instructions from one address to another, on the way that nothing special takes. */
static uint32_t
instructions(uint64_t from, uint64_t to)
{
    uint32_t count = 0;

    while (from < to && count < 1000) {
        uint8_t bytes[15];
        struct insn insn;
        size_t length = space_read(from, bytes, sizeof(bytes));

        if (!insn_decode(bytes, length, &insn)) {
            break;
        }
        count++;
        from += insn.length;
        if (bytes[0] == 0x75 && !machine.has_keys && from + bytes[1] <= to) {
            from += bytes[1]; /* isolation by keys is left out */
        }
    }
    return count;
}

/* What a stamp itself takes, at least. */
static uint64_t
stamp_cost(void)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < 1000; i++) {
        volatile uint64_t store[4];
        uint64_t first, second;

        store[0] = i;
        __builtin_ia32_lfence();
        first = __builtin_ia32_rdtsc();
        store[1] = first;
        store[2] = store[0];
        __builtin_ia32_lfence();
        second = __builtin_ia32_rdtsc();
        store[3] = second;
        least = second - first < least ? second - first : least;
    }
    return least;
}

static const char *const stage_names[STAGES - 1] = {
    "isolation opens the kernel (KVA shadow: CR3)",
    "swapgs, kernel stack",
    "mitigations of the entry: lfence, return stack",
    "trap frame, non-volatile registers",
    "thread: number, PreviousMode, trap frame",
    "schedule point (ntlab's own)",
    "number to table to routine",
    "stack arguments, user probe",
    "the service",
    "checks of IRQL and APC state (0x4A, 0x1)",
    "user APCs",
    "registers from the frame",
    "instrumentation callback",
    "mitigations of the exit: return stack, lfence, verw",
    "user gs, isolation closes the kernel",
    "volatile registers cleared, sysretq",
};

static void
print_stages(void)
{
    uint64_t table = images_find_export("ntoskrnl.exe", "KiServiceStages"), address[STAGES];
    uint64_t ns = monotonic_ns() - sum.begin_ns, tsc = __builtin_ia32_rdtsc() - sum.begin_tsc;
    double each = tsc != 0 ? (double)ns / (double)tsc : 0;
    uint64_t cost = stamp_cost();

    if (sum.count[8] == 0 || table == 0 ||
        space_read(table, address, sizeof(address)) != sizeof(address)) {
        return;
    }
    say("\n%-54s %12s %8s %8s\n", "stage of a system service", "instructions", "least ns",
        "mean ns");
    for (uint32_t i = 0; i + 1 < STAGES; i++) {
        double least = sum.least[i] > cost ? (double)(sum.least[i] - cost) * each : 0;
        double mean = sum.count[i] ? (double)sum.stage[i] / (double)sum.count[i] : 0;
        bool modelled =
            (i == 2 || i == 13) && (machine.request->features & ABI_FEATURE_MITIGATIONS) == 0;

        mean = mean > (double)cost ? (mean - (double)cost) * each : 0;
        if (i == 8) {
            say("%2u %-51s %12s %8.1f %8.1f\n", i, stage_names[i], "", least, mean);
        } else if (modelled) {
            say("%2u %-51s %12s %8s %8s\n", i, stage_names[i], "0", "0", "0");
        } else {
            say("%2u %-51s %12u %8.1f %8.1f\n", i, stage_names[i],
                instructions(address[i], address[i + 1]), least, mean);
        }
    }
    say("modelled, 0 ns: IBRS, IBPB, STIBP, SSBD, retpolines, CET shadow stacks (user mode may "
        "not)\n"
        "a stamp takes %.1f ns, which is deducted; it also keeps stages from overlapping\n",
        (double)cost * each);
}

static const struct share {
    uint32_t account;
    const char *name;
    uint32_t stamps, more; /* of each service that lie in it: always, and with --stages */
} shares[] = {
    {ABI_ACCOUNT_USER, "user mode: the program itself", 1, 0},
    {ABI_ACCOUNT_SPIN, "user mode: spinning", 0, 0},
    {ABI_ACCOUNT_ENTER, "entering (stages 0 to 7)", 1, 7},
    {ABI_ACCOUNT_SERVICE, "dispatching: the services (stage 8)", 1, 0},
    {ABI_ACCOUNT_SWITCH, "waiting: from thread to thread", 0, 0},
    {ABI_ACCOUNT_IDLE, "waiting: nobody can run", 0, 0},
    {ABI_ACCOUNT_LEAVE, "leaving (stages 9 to 15)", 1, 6},
    {ABI_ACCOUNT_TRAP, "exceptions, ends of turns", 0, 0},
};

/* To what the time went from the first service on; what telling took is left out. */
static void
print_shares(uint64_t calls)
{
    uint64_t sums[ABI_ACCOUNTS], all = 0, cost = stamp_cost(), turns;
    uint64_t ns = monotonic_ns() - sum.begin_ns, tsc = __builtin_ia32_rdtsc() - sum.begin_tsc;

    if (sum.begin_tsc == 0 || tsc == 0 || calls == 0) {
        return;
    }
    for (uint32_t i = 0; i < ABI_ACCOUNTS; i++) {
        sums[i] = stamp(ABI_STAMP_ACCOUNT + i);
    }
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        uint64_t stamps = calls * cost * (shares[i].stamps + (has_stages() ? shares[i].more : 0));

        sums[shares[i].account] -=
            stamps < sums[shares[i].account] ? stamps : sums[shares[i].account];
        all += sums[shares[i].account];
    }
    say("\n%-38s %8s %12s %14s\n", "share of the time", "%", "ms", "ns a service");
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        double took = (double)sums[shares[i].account] * (double)ns / (double)tsc;

        say("%-38s %8.1f %12.3f %14.1f\n", shares[i].name,
            all != 0 ? (double)sums[shares[i].account] * 100 / (double)all : 0, took / 1e6,
            took / (double)calls);
    }
    turns = stamp(ABI_STAMP_PAUSES) + stamp(ABI_STAMP_TURNS);
    say("%lu switches of thread or processor; turns of the processors in user mode: %lu, %lu of "
        "them (%.1f %%) spent spinning\n",
        stamp(ABI_STAMP_SWITCHES), turns, stamp(ABI_STAMP_PAUSES),
        turns != 0 ? (double)stamp(ABI_STAMP_PAUSES) * 100 / (double)turns : 0);
}

void
services_end(void)
{
    uint64_t calls = 0, errors = 0;

    for (size_t i = 0; i < MAX_PENDING && prints(); i++) {
        if (pending[i].thread != 0) {
            print_line(&pending[i], false, 0);
        }
    }
    say("\n%10s %10s  service\n", "calls", "errors");
    for (;;) {
        uint32_t most = 0;
        const struct type *type;

        for (uint32_t i = 1; i <= NUMBERS; i++) {
            most = counts[i].calls > counts[most].calls ? i : most;
        }
        if (counts[most].calls == 0) {
            break;
        }
        type = type_of(most);
        say("%10lu %10lu  %s\n", counts[most].calls, counts[most].errors,
            type != NULL ? type->name : "(no such service)");
        calls += counts[most].calls;
        errors += counts[most].errors;
        counts[most].calls = 0;
    }
    say("%10lu %10lu  all\n", calls, errors);
    if (has_stages()) {
        print_stages();
    }
    if (has_shares()) {
        print_shares(calls);
    }
}
