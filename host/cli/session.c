/*
 * session.c - `--break`, `-c` and `--dbg` of a run: where it stops, and what is asked there.
 *
 *     --break IMAGE!SYMBOL[+OFFSET]   stops each time that this code is about to run (repeatable)
 *     -c 'COMMAND; ...'               runs these at each stop, and at the end of the run; then goes on
 *     --stop-at N                     of a replay: stops before choice N, and ends there but for --dbg
 *     --dbg                           then reads commands from standard input, with a prompt on a terminal
 *
 * Everything goes to stderr: stdout is the client's. Without -c and --dbg a break prints where it is
 * and the stack.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <Zydis/Zydis.h>
#include "host/cli/cli.h"
#include "host/debug/debug.h"
#include "host/debug/types.h"
#include "host/image/image.h"

struct session {
    const struct options *options;
    const struct run_request *request;
    struct report_options report_options;
    bool over; /* standard input has ended, or q */
    unsigned stops;
    struct debug *debug;
};

/* The file behind an image's name: foo.sys, foo, nt. */
static const struct run_file *
image_file(const struct run_request *request, const char *name)
{
    static const char *const suffixes[] = {"", ".sys", ".exe", ".dll"};
    char path[300];

    if (strcasecmp(name, "nt") == 0) {
        name = "ntoskrnl.exe";
    }
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        const struct run_file *file;

        snprintf(path, sizeof(path), "%.200s%s", name, suffixes[i]);
        file = files_find(request, path);
        if (file != NULL && !file->directory) {
            return file;
        }
    }
    return NULL;
}

/* Is begin + offset where an instruction starts, as they follow each other from `begin`? */
static bool
starts_instruction(const struct run_file *file, uint32_t begin, uint32_t offset)
{
    ZydisDecodedInstruction instruction;
    struct pe *pe = calloc(1, sizeof(*pe));
    struct image_error error;
    ZydisDecoder decoder;
    uint32_t at = 0;

    if (pe == NULL) {
        abort();
    }
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (image_parse(file->data, file->size, pe, &error) == 0) {
        while (at < offset) {
            uint8_t bytes[15];
            size_t got = 0;

            while (got < sizeof(bytes) && pe_read(pe, begin + at + (uint32_t)got, bytes + got, 1)) {
                got++;
            }
            if (ZYAN_FAILED(
                    ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, got, &instruction))) {
                break;
            }
            at += instruction.length;
        }
    }
    free(pe);
    return at == offset;
}

static int
add_break(const char *text, struct run_request *request)
{
    struct run_break *out = &request->break_at[request->breaks];
    const struct run_file *file;
    const struct symbol *symbol;
    char image[64], name[256], *plus, *end;
    unsigned long offset = 0;
    struct dwarf *dwarf;

    snprintf(name, sizeof(name), "%s", name_split(text, image, sizeof(image)));
    plus = strchr(name, '+');
    if (plus != NULL) {
        *plus = 0;
        offset = strtoul(plus + 1, &end, 16);
        if (*end != 0 || end == plus + 1) {
            return usage_error("--break: `%s` is no offset", plus + 1);
        }
    }
    if (image[0] == 0 || name[0] == 0) {
        return usage_error("--break: `%s` is not IMAGE!SYMBOL", text);
    }
    if (request->breaks == RUN_MAX_BREAKS) {
        return usage_error("--break: more than %d", RUN_MAX_BREAKS);
    }
    file = image_file(request, image);
    if (file == NULL) {
        return usage_error("--break: no image `%s` takes part in this run", image);
    }
    dwarf = dwarf_open(file->data, file->size);
    symbol = dwarf_symbol(dwarf, name);
    if (symbol == NULL || symbol->kind != SYMBOL_CODE) {
        dwarf_close(dwarf);
        return usage_error("--break: %s `%s` in %s", symbol ? "no code at" : "no symbol", name,
                           file->host_path);
    }
    if (strrchr(file->guest_path, '\\') == NULL || offset > 0x100000 ||
        !starts_instruction(file, symbol->rva, (uint32_t)offset)) {
        dwarf_close(dwarf);
        return usage_error("--break: no instruction starts at %s", text);
    }
    snprintf(out->image, sizeof(out->image), "%.63s", strrchr(file->guest_path, '\\') + 1);
    out->rva = symbol->rva + (uint32_t)offset;
    request->breaks++;
    dwarf_close(dwarf);
    return 0;
}

/* One line from standard input; false at its end. */
static bool
read_line(const struct debug *debug, char *line, size_t size)
{
    bool terminal = isatty(0) != 0;

    if (terminal) {
        fprintf(stderr, "%u: kd> ", debug->result->cpu);
        fflush(stderr);
    }
    if (fgets(line, (int)size, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = 0;
    if (!terminal && line[0] != 0) {
        fprintf(stderr, "%u: kd> %s\n", debug->result->cpu, line);
    }
    return true;
}

/* False: the user ends it. */
static bool
stop(struct session *session, const struct run_result *result, bool live)
{
    enum debug_next next = DEBUG_END;
    char line[4096], name[300];
    struct debug *debug;

    if (session->over && session->options->dbg && session->options->commands == NULL) {
        return true; /* nobody is there to look */
    }
    if (session->debug == NULL) {
        session->debug = debug_open(stderr, session->options->os, session->request, result,
                                    &session->report_options);
    } else {
        debug_stopped(session->debug, result);
    }
    debug = session->debug;
    debug->live = live;
    if (live && session->options->stop_at == 0) {
        debug_name(debug, result->registers.rip, name, sizeof(name));
        fprintf(stderr, "ntlab: break at %s, processor %u\n", name, result->cpu);
    }
    if (session->options->commands != NULL) {
        fprintf(stderr, "%u: kd> %s\n", result->cpu, session->options->commands);
        next = debug_line(debug, session->options->commands);
    } else if (live && session->options->stop_at != 0 && !session->options->dbg) {
        debug_line(debug, "!process 0 2; !locks");
    } else if (live && !session->options->dbg) {
        debug_line(debug, "k");
    }
    if (live && session->options->stop_at != 0 && !session->options->dbg) {
        return false;
    }
    while (next == DEBUG_END && session->options->dbg && !session->over) {
        if (!read_line(debug, line, sizeof(line))) {
            session->over = true;
        } else {
            next = debug_line(debug, line);
        }
    }
    return next != DEBUG_QUIT;
}

static bool
on_break(void *context, const struct run_result *result)
{
    struct session *session = context;

    session->stops++;
    return stop(session, result, true);
}

int
session_open(const struct options *options, struct run_request *request,
             const struct report_options *report_options, struct session **out)
{
    struct session *session = calloc(1, sizeof(*session));

    if (session == NULL) {
        abort();
    }
    *out = session;
    session->options = options;
    session->request = request;
    session->report_options = *report_options;
    for (size_t i = 0; i < options->breaks.count; i++) {
        int status = add_break(options->breaks.item[i], request);

        if (status != 0) {
            return status;
        }
    }
    request->on_break = on_break;
    request->break_context = session;
    return 0;
}

void
session_end(struct session *session, const struct run_result *result, bool clean)
{
    /* A clean end is worth a stop if nobody has asked for another. */
    if ((session->options->commands != NULL || session->options->dbg) &&
        (!clean || session->options->breaks.count == 0 || session->options->dbg)) {
        stop(session, result, false);
    }
    if (session->options->breaks.count != 0 && session->stops == 0) {
        fprintf(stderr, "ntlab: no break was reached\n");
    }
}

void
session_close(struct session *session)
{
    if (session->debug != NULL) {
        debug_close(session->debug);
    }
    free(session);
}
