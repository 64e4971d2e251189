/*
 * prompt.c - reads a line of commands, finds them and runs them.
 *
 * Commands are separated by `;`. A command is a word and its arguments; d is followed by its kind
 * (dq), u by f. What comes from here is looked at by people and by tests: a mistake is one line that
 * says what is wrong, and the next command runs.
 */
#include <stdlib.h>
#include <string.h>
#include "host/debug/debug.h"
#include "host/debug/types.h"

#define MAX_LINE 4096

static const struct {
    const char *name, *usage, *help;
    debug_command *run;
    bool needs_run; /* reads memory */
} commands[] = {
    {"!thread", "[ADDR]", "a thread: state, waits, IRPs, regions, stack", command_thread, true},
    {"!process", "[ADDR|0 [FLAGS]]", "processes: `0 0` all, `0 7` with threads", command_process,
     true},
    {"!locks", "[ADDR]", "locks with owners and waiters", command_locks, true},
    {"!cs", "[-l|ADDR]",
     "critical sections: all that are known, the locked ones, or the one at ADDR", command_cs,
     true},
    {"!apc", "[THREAD]", "APCs that are queued", command_apc, true},
    {"!irql", "[CPU]", "IRQL of the processors", command_irql, true},
    {"!irp", "ADDR", "an IRP and its stack locations", command_irp, true},
    {"!devobj", "ADDR", "a device object", command_devobj, true},
    {"!drvobj", "ADDR|NAME [FLAGS]", "a driver object; flag 2: its routines", command_drvobj, true},
    {"!timer", "", "timers that run", command_timer, true},
    {"!dpcs", "", "DPCs that are queued", command_dpcs, true},
    {"!handle", "[HANDLE|0 [FLAGS [PROCESS]]]", "handles of a process", command_handle, true},
    {"!object", "ADDR", "an object", command_object, true},
    {"k", "[THREAD]", "stack", command_k, true},
    {"r", "[REGISTER]", "registers of the stop", command_r, true},
    {"dt", "[-rN] [-y] TYPE [ADDR] [FIELD...]", "a structure, with values at ADDR", command_dt,
     false},
    {"u", "[ADDR [LN]]", "disassembles", command_u, false},
    {"uf", "[ADDR]", "disassembles a function", command_uf, false},
    {"lm", "", "modules", command_lm, false},
    {"x", "IMAGE!PATTERN", "symbols", command_x, false},
    {"ln", "ADDR", "the nearest symbol", command_ln, false},
};

static void
print_help(struct debug *debug)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        fprintf(debug->out, "%-9s %-34s %s\n", commands[i].name, commands[i].usage,
                commands[i].help);
    }
    fprintf(debug->out,
            "%-9s %-34s memory: quadwords, doublewords, words, bytes, text, UTF-16\n"
            "%-9s %-34s the thread that k and others mean\n"
            "%-9s %-34s value of an expression: 10, 0n16, @rax, nt!Foo+4, poi(ADDR), @$thread\n"
            "%-9s %-34s goes on until the next stop\n"
            "%-9s %-34s ends\n",
            "dq dd dw", "[ADDR [LN]]; db da du too", ".thread", "[ADDR]", "?", "[EXPRESSION]", "g",
            "", "q", "");
}

/* dt TYPE [ADDR] [FIELD...]: the first word behind the type that is an address is it. */
void
command_dt(struct debug *debug, const struct arguments *arguments)
{
    struct dt dt = {.out = debug->out, .os = debug->os};
    const char *fields[16], *name = NULL;
    char wanted[64];
    struct module *found = NULL;
    size_t type = 0;

    dt.field = fields;
    for (size_t i = 0; i < arguments->count; i++) {
        const char *word = arguments->word[i];

        if (strncmp(word, "-r", 2) == 0) {
            dt.depth = word[2] == 0 ? 5 : (unsigned)strtoul(word + 2, NULL, 10);
            dt.depth = dt.depth > 20 ? 20 : dt.depth;
        } else if (strcmp(word, "-y") == 0) {
            dt.prefix = true;
        } else if (name == NULL) {
            name = word;
        } else if (!dt.has_address &&
                   (strchr("0123456789@", word[0]) != NULL || strpbrk(word, "!(+") != NULL)) {
            if (!debug_evaluate(debug, word, &dt.address)) {
                return;
            }
            dt.has_address = true;
        } else {
            fields[dt.fields++] = word;
        }
    }
    if (name == NULL) {
        fprintf(debug->out, "dt [-rN] [-y] TYPE [ADDR] [FIELD...]\n");
        return;
    }
    name = name_split(name, wanted, sizeof(wanted));
    for (size_t i = 0; i < debug->modules && type == 0; i++) {
        struct module *module = &debug->module[i];

        if (wanted[0] == 0 || module == debug_module(debug, wanted)) {
            type = type_named(debug_symbols(module), name);
            found = module;
        }
    }
    if (type == 0) {
        fprintf(debug->out, "no type `%s`\n", name);
        return;
    }
    dt.dwarf = debug_symbols(found);
    dt.module = found->stem;
    dt.context = debug;
    dt.read = (bool (*)(void *, uint64_t, void *, size_t))debug_read;
    dt.name = (bool (*)(void *, uint64_t, char *, size_t))debug_name;
    if (dt_print(&dt, type) != 0) {
        fprintf(debug->out, "no field `%s` in %s\n", fields[0], name);
    }
}

static void
set_thread(struct debug *debug, const struct arguments *arguments)
{
    uint64_t thread = debug_current_thread(debug, debug->result->cpu);

    if (arguments->count != 0 && !debug_evaluate(debug, arguments->word[0], &thread)) {
        return;
    }
    if ((debug_get(debug, "_KTHREAD", thread, "Header.Type") & 0x7F) != 6) {
        fprintf(debug->out, "%016lx is not a thread object\n", thread);
        return;
    }
    debug->thread = thread;
    fprintf(debug->out, "Implicit thread is now %016lx\n", thread);
}

static void
print_number(struct debug *debug, const struct arguments *arguments)
{
    uint64_t value;

    if (arguments->count == 0) {
        print_help(debug);
    } else if (debug_evaluate(debug, arguments->rest, &value)) {
        fprintf(debug->out, "Evaluate expression: %ld = ", (int64_t)value);
        debug_print64(debug->out, value);
        fputc('\n', debug->out);
    }
}

/* One command, without spaces around it. */
static enum debug_next
run(struct debug *debug, char *text)
{
    struct arguments arguments = {0};
    char words[MAX_LINE], *save, *name;

    snprintf(words, sizeof(words), "%s", text);
    name = strtok_r(words, " \t", &save);
    if (name == NULL) {
        return DEBUG_END;
    }
    arguments.rest = text + (name - words) + strlen(name);
    arguments.rest += strspn(arguments.rest, " \t");
    for (char *word; (word = strtok_r(NULL, " \t", &save)) != NULL;) {
        if (arguments.count == sizeof(arguments.word) / sizeof(arguments.word[0])) {
            fprintf(debug->out, "too many arguments\n");
            return DEBUG_END;
        }
        arguments.word[arguments.count++] = word;
    }
    if (strcmp(name, "g") == 0) {
        if (debug->live) {
            return DEBUG_GO;
        }
        fprintf(debug->out, "the run has ended: nothing is left to go on\n");
        return DEBUG_END;
    }
    if (strcmp(name, "q") == 0 || strcmp(name, "qd") == 0) {
        return DEBUG_QUIT;
    }
    if (strcmp(name, "?") == 0 || strcmp(name, ".help") == 0) {
        print_number(debug, &arguments);
        return DEBUG_END;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            if (debug->result == NULL && commands[i].needs_run) {
                fprintf(debug->out, "%s needs a run\n", name);
            } else {
                commands[i].run(debug, &arguments);
            }
            return DEBUG_END;
        }
    }
    if (name[0] == 'd' && name[1] != 0 && strchr("qdwbpau", name[1]) != NULL && name[2] == 0) {
        debug->dump_kind = name[1] == 'p' ? 'q' : name[1];
        command_dump(debug, &arguments);
    } else if (strcmp(name, "d") == 0) {
        command_dump(debug, &arguments);
    } else if (strcmp(name, ".thread") == 0) {
        set_thread(debug, &arguments);
    } else {
        fprintf(debug->out, "no command `%.60s`; ? lists them\n", name);
    }
    return DEBUG_END;
}

enum debug_next
debug_line(struct debug *debug, const char *line)
{
    char text[MAX_LINE], *save;

    if (strlen(line) >= sizeof(text)) {
        fprintf(debug->out, "the line is too long\n");
        return DEBUG_END;
    }
    snprintf(text, sizeof(text), "%s", line);
    for (char *command = strtok_r(text, ";\n\r", &save); command != NULL;
         command = strtok_r(NULL, ";\n\r", &save)) {
        enum debug_next next = run(debug, command);

        if (next != DEBUG_END) {
            return next;
        }
    }
    return DEBUG_END;
}
