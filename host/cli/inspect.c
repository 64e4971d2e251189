/*
 * inspect.c - `ntlab dt` and `ntlab u`: types and code of the kernel or of an image, without a run.
 *
 *     ntlab dt [--os NAME] [-rN] [-y] [IMAGE...] [MODULE!]TYPE [FIELD...]
 *     ntlab u  [--os NAME] [IMAGE...] [MODULE!]SYMBOL[+OFFSET] [LN]
 *
 * A word that names a file is an image; its types and symbols are found as `foo!_TYPE`, or without
 * `foo!` after the kernel's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "host/cli/cli.h"
#include "host/debug/debug.h"
#include "host/debug/types.h"
#include "host/machine/run.h"

struct inspected {
    struct options options;
    struct run_request request;
    struct debug *debug;
    const char *word[32];
    size_t words;
    unsigned depth;
    bool prefix;
};

static bool
is_image(const char *word)
{
    size_t length = strlen(word);

    return length > 4 && strpbrk(word, "!:") == NULL &&
           (strcasecmp(word + length - 4, ".sys") == 0 ||
            strcasecmp(word + length - 4, ".exe") == 0 ||
            strcasecmp(word + length - 4, ".dll") == 0);
}

/* An image of the command line, or (without a folder) of what comes with ntlab. */
static int
add_image(struct inspected *in, const char *path)
{
    const char *slash = strrchr(path, '/');
    char guest[300];
    const struct run_file *file;

    snprintf(guest, sizeof(guest), "C:\\ntlab\\%.250s", slash ? slash + 1 : path);
    file = request_add_file(&in->request, guest, path);
    if (file == NULL && slash == NULL) {
        file = files_find(&in->request, path);
    }
    if (file == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    if (debug_add_file(in->debug, file, 0) == NULL) {
        fprintf(stderr, "ntlab: %s is no PE image for x64\n", path);
        return STATUS_BAD_INPUT;
    }
    return 0;
}

/* Sorts the words: our own options, those of options_parse, images, the rest. */
static int
parse(int argc, char **argv, const char *usage, struct inspected *in)
{
    static const char *const with_value[] = {"--os", "--symbols", "--kernel"};
    const char *image[32];
    char *rest[64];
    int count = 0, status = 0;
    size_t images = 0;

    rest[count++] = argv[0];
    for (int i = 1; i < argc; i++) {
        char *end;

        if (strncmp(argv[i], "-r", 2) == 0 && argv[i][1] == 'r') {
            in->depth = argv[i][2] == 0 ? 5 : (unsigned)strtoul(argv[i] + 2, &end, 10);
            if (argv[i][2] != 0 && (*end != 0 || in->depth > 20)) {
                return usage_error("`%s` is no depth: -r1 to -r20", argv[i]);
            }
        } else if (strcmp(argv[i], "-y") == 0) {
            in->prefix = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            printf("usage: ntlab %s\n", usage);
            exit(STATUS_CLEAN);
        } else if (argv[i][0] == '-') {
            bool takes = false;

            for (size_t j = 0; j < sizeof(with_value) / sizeof(with_value[0]); j++) {
                takes = takes || strcmp(argv[i], with_value[j]) == 0;
            }
            if (count >= 60) {
                return usage_error("too many options");
            }
            rest[count++] = argv[i];
            if (takes && i + 1 < argc) {
                rest[count++] = argv[++i];
            }
        } else if (is_image(argv[i]) && images < 32) {
            image[images++] = argv[i];
        } else if (in->words < 32) {
            in->word[in->words++] = argv[i];
        } else {
            return usage_error("usage: ntlab %s", usage);
        }
    }
    rest[count] = NULL;
    status = options_parse(count, rest, &in->options);
    if (status != 0) {
        return status;
    }
    if (in->options.kernel != NULL &&
        request_add_file(&in->request, "C:\\Windows\\System32\\ntoskrnl.exe", in->options.kernel) ==
            NULL) {
        return usage_error("%s: %s", in->options.kernel, strerror(errno));
    }
    status = request_box(&in->request);
    if (status != 0) {
        return status;
    }
    in->debug = debug_open(stdout, in->options.os, &in->request, NULL, &(struct report_options){0});
    for (size_t i = 0; i < images && status == 0; i++) {
        status = add_image(in, image[i]);
    }
    return status ? status : in->words ? 0 : usage_error("usage: ntlab %s", usage);
}

static int
finish(struct inspected *in, int status)
{
    if (in->debug != NULL) {
        debug_close(in->debug);
    }
    request_free(&in->request);
    free(in);
    return status;
}

static struct inspected *
start(void)
{
    struct inspected *in = calloc(1, sizeof(*in));

    if (in == NULL) {
        abort();
    }
    return in;
}

static int
print_type(struct inspected *in)
{
    char wanted[64];
    const char *name = name_split(in->word[0], wanted, sizeof(wanted));
    bool any = false;

    if (wanted[0] != 0 && debug_module(in->debug, wanted) == NULL) {
        return usage_error("no image `%s`: give its file too", wanted);
    }
    for (size_t i = 0; i < in->debug->modules; i++) {
        struct module *module = &in->debug->module[i];
        struct dwarf *dwarf;
        size_t type;

        if (wanted[0] != 0 && module != debug_module(in->debug, wanted)) {
            continue;
        }
        dwarf = debug_symbols(module);
        any = any || dwarf_has_types(dwarf);
        type = type_named(dwarf, name);
        if (type != 0) {
            struct dt dt = {.out = stdout,

                            .dwarf = dwarf,
                            .module = module->stem,
                            .os = in->options.os,
                            .depth = in->depth,
                            .prefix = in->prefix,
                            .field = in->word + 1,
                            .fields = in->words - 1};

            if (dt_print(&dt, type) != 0) {
                return usage_error("no field `%s` in %s", in->word[1], name);
            }
            return STATUS_CLEAN;
        }
    }
    if (!any) {
        return usage_error("%s: no types are known: the image has no DWARF (types of PDB files are "
                           "not read yet)",
                           in->word[0]);
    }
    return usage_error("no type `%s`", in->word[0]);
}

int
command_dt_type(int argc, char **argv)
{
    struct inspected *in = start();
    int status =
        parse(argc, argv, "dt [--os NAME] [-r[N]] [-y] [IMAGE...] [MODULE!]TYPE [FIELD...]", in);

    return finish(in, status ? status : print_type(in));
}

int
command_unassemble(int argc, char **argv)
{
    struct inspected *in = start();
    int status = parse(argc, argv, "u [--os NAME] [IMAGE...] [MODULE!]SYMBOL[+OFFSET] [LN]", in);
    uint64_t address, begin, end;
    char *last;

    if (status != 0) {
        return finish(in, status);
    }
    in->debug->out = stderr;
    if (!debug_evaluate(in->debug, in->word[0], &address)) {
        return finish(in, STATUS_USAGE); /* it has said why */
    }
    in->debug->out = stdout;

    if (in->words > 1) {
        unsigned long count = strtoul(in->word[1] + 1, &last, 16);

        if (strchr("lL", in->word[1][0]) == NULL || *last != 0 || count == 0 || count > 10000) {
            return finish(in, usage_error("`%s` is no number of lines: L8, say", in->word[1]));
        }
        debug_unassemble(in->debug, address, (unsigned)count, 0);
    } else if (debug_function(in->debug, address, &begin, &end)) {
        debug_unassemble(in->debug, address, 0, end);
    } else if (debug_module_at(in->debug, address) != NULL) {
        debug_unassemble(in->debug, address, 8, 0);
    } else {
        return finish(in, usage_error("%s lies in no image", in->word[0]));
    }
    return finish(in, STATUS_CLEAN);
}
