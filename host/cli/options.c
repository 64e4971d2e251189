/*
 * options.c - the options that run, explore, check and others share.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/explore/strategy.h"

static const struct {
    const char *name;
    uint32_t build;       /* what `--os name` means */
    uint32_t first_build; /* builds from here on are this row */
} os_rows[] = {
    {"nt51", 2600, 2600}, {"ws2003", 3790, 3790},  {"vista", 6002, 6000},   {"win7", 7601, 7600},
    {"win8", 9600, 9200}, {"win10", 19045, 10240}, {"win11", 26100, 22000},
};
#define MAX_JOBS   256
#define MAX_SHARDS 100000
#define OS_ROWS    (sizeof(os_rows) / sizeof(os_rows[0]))

/* Options whose value is a path; `written`: of a file that is written when all is done. */
static const struct {
    const char *name;
    size_t offset;
    bool written;
} files[] = {
    {"--json", offsetof(struct options, json), true},
    {"--trace", offsetof(struct options, trace), true},
    {"--html", offsetof(struct options, html), true},
    {"--sarif", offsetof(struct options, sarif), true},
    {"--junit", offsetof(struct options, junit), true},
    {"--coverage", offsetof(struct options, coverage), true},
    {"--out", offsetof(struct options, out), false},
    {"--kernel", offsetof(struct options, kernel), false},
};

/* Where the option stands, if not on the command line; empty: there. */
static char place[400];

int
options_check(const char *where, const char *command, const char *option, const char *value)
{
    char *words[] = {(char *)command, (char *)option, (char *)value, NULL};
    struct options *options = malloc(sizeof(*options));
    char *text = NULL;
    int status;

    if (options == NULL) {
        abort();
    }
    snprintf(place, sizeof(place), "%s: ", where);
    status = options_parse(3, words, options);
    status = status != 0 ? status : verifier_config(options, &text);
    place[0] = 0;
    free(text);
    free(options);
    return status;
}

int
usage_error(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "ntlab: %s", place);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\n", stderr);
    return STATUS_USAGE;
}

const char *
os_name(uint32_t row)
{
    return row < OS_ROWS ? os_rows[row].name : "?";
}

uint32_t
os_default_build(uint32_t row)
{
    return row < OS_ROWS ? os_rows[row].build : 0;
}

static int
parse_number(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != 0 || text[0] == '-' || *out < low || *out > high) {
        return usage_error("%s: `%s` is not a number from %lu to %lu", option, text, low, high);
    }
    return 0;
}

static int
parse_time(const char *option, const char *text, double *out)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1},     {"ms", 1e-3}, {"s", 1},    {"m", 60},
                 {"min", 60}, {"h", 3600},  {"d", 86400}};
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    if (errno == 0 && end != text && *out > 0 && *out < 1e9) {
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            if (strcmp(end, units[i].unit) == 0) {
                *out *= units[i].seconds;
                return 0;
            }
        }
    }
    return usage_error("%s: `%s` is not a time such as 500ms, 10s, 5m or 1h", option, text);
}

/* A name, a build number, or 10.0.BUILD. */
static int
parse_os(const char *text, struct options *out)
{
    const char *number = strrchr(text, '.') ? strrchr(text, '.') + 1 : text;
    char *end;
    unsigned long build;

    for (uint32_t i = 0; i < OS_ROWS; i++) {
        if (strcmp(text, os_rows[i].name) == 0) {
            out->os = i;
            out->build = 0;
            return 0;
        }
    }
    build = strtoul(number, &end, 10);
    if (strchr(text, ',') == NULL && end != number && *end == 0 &&
        build >= os_rows[0].first_build && build < 100000) {
        for (uint32_t i = 0; i < OS_ROWS && build >= os_rows[i].first_build; i++) {
            out->os = i;
        }
        out->build = (uint32_t)build;
        return 0;
    }
    if (strchr(text, ',') != NULL &&
        out->explores) { /* each of them is a search of its own: matrix.c */
        char copy[256], *save;

        snprintf(copy, sizeof(copy), "%s", text);
        for (char *name = strtok_r(copy, ",", &save); name != NULL;
             name = strtok_r(NULL, ",", &save)) {
            if (parse_os(name, out) != 0) {
                return STATUS_USAGE;
            }
        }
        return 0;
    }
    if (strchr(text, ',') != NULL) {
        return usage_error("--os: this command takes one version, not `%s`", text);
    }
    return usage_error(
        "--os: unknown version `%s`: use nt51, ws2003, vista, win7, win8, win10, win11 "
        "or a build such as 10.0.17763",
        text);
}

static int
parse_client(const char *text, struct options *out)
{
    struct client *client = &out->client[out->clients];
    static const struct {
        const char *prefix;
        enum abi_token token;
    } tokens[] = {
        {"admin:", ABI_TOKEN_ADMIN}, {"user:", ABI_TOKEN_USER}, {"system:", ABI_TOKEN_SYSTEM}};

    if (out->clients == ABI_MAX_CLIENTS) {
        return usage_error("more than %d clients", ABI_MAX_CLIENTS);
    }
    client->token = ABI_TOKEN_ADMIN;
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(tokens[i].prefix);

        if (strncmp(text, tokens[i].prefix, length) == 0) {
            client->token = tokens[i].token;
            text += length;
            break;
        }
    }
    if (*text == 0) {
        return usage_error("--client: no command");
    }
    client->command = text;
    out->clients++;
    return 0;
}

static int
append(const char *option, struct list *list, const char *text)
{
    if (list->count == MAX_LIST) {
        return usage_error("%s: more than %d", option, MAX_LIST);
    }
    list->item[list->count++] = text;
    return 0;
}

static const char *const granularities[] = {
    [RUN_API] = "api", [RUN_ATOMICS] = "atomics", [RUN_MEMORY] = "memory"};

int
granularity_parse(const char *name, enum run_granularity *out)
{
    for (uint32_t i = 0; i < sizeof(granularities) / sizeof(granularities[0]); i++) {
        if (strcmp(granularities[i], name) == 0) {
            *out = i;
            return 0;
        }
    }
    return -1;
}

const char *
granularity_name(enum run_granularity granularity)
{
    return granularities[granularity];
}

/* none, all, or a list */
static int
parse_inject(const char *text, struct options *out)
{
    static const struct {
        const char *name;
        uint32_t events;
    } events[] = {
        {"none", 0},
        {"all", ABI_INJECT_ALL},
        {"suspend", ABI_INJECT_SUSPEND},
        {"terminate", ABI_INJECT_TERMINATE},
        {"cancel", ABI_INJECT_CANCEL},
        {"nomem", ABI_INJECT_NOMEM},
        {"timeout", ABI_INJECT_TIMEOUT},
        {"unload", ABI_INJECT_UNLOAD},
        {"writeback", ABI_INJECT_WRITEBACK},
    };
    const char *word = text;

    out->inject_given = true;
    out->inject = 0;
    for (;;) {
        size_t length = strcspn(word, ","), i;

        for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
            if (strlen(events[i].name) == length && strncmp(word, events[i].name, length) == 0) {
                break;
            }
        }
        if (i == sizeof(events) / sizeof(events[0]) ||
            (i < 2 && (word != text || word[length] != 0))) {
            return usage_error("--inject: `%s` is not none, all, or a list of suspend, terminate, "
                               "cancel, nomem, timeout, unload, writeback",
                               text);
        }
        out->inject |= events[i].events;
        if (word[length] == 0) {
            break;
        }
        word += length + 1;
    }
    return 0;
}

/* 30s, or 2000runs */
static int
parse_budget(const char *text, struct options *out)
{
    char *end;
    unsigned long long runs = strtoull(text, &end, 10);

    if (end != text && strcmp(end, "runs") == 0 && runs != 0) {
        out->budget_runs = runs;
        out->budget_seconds = 0;
        return 0;
    }
    out->budget_runs = 0;
    return parse_time("--budget", text, &out->budget_seconds);
}

/* 3/8: the third of eight */
static int
parse_shard(const char *text, struct options *out)
{
    unsigned shard, shards;
    int end = 0;

    if (sscanf(text, "%u/%u%n", &shard, &shards, &end) != 2 || text[end] != 0 || shard < 1 ||
        shard > shards || shards > MAX_SHARDS) {
        return usage_error("--shard: `%s` is not I/N, from 1/N to N/N", text);
    }
    out->shard = shard - 1;
    out->shards = shards;
    out->sharded = true;
    return 0;
}

static int
parse_require(const char *text, struct options *out)
{
    uint64_t bound;

    if (strcmp(text, "exhausted") == 0) {
        out->require = REQUIRE_EXHAUSTED;
        return 0;
    }
    if (strncmp(text, "bounded:", 8) != 0) {
        return usage_error("--require: `%s` is neither exhausted nor bounded:C", text);
    }
    out->require = REQUIRE_BOUNDED;
    if (parse_number("--require bounded", text + 8, 0, 100, &bound) != 0) {
        return STATUS_USAGE;
    }
    out->require_bound = (uint32_t)bound;
    return 0;
}

/* How the system half is closed to user code. Processes are kept apart in any case. */
static int
parse_isolation(const char *text, struct options *out)
{
    uint32_t eax, ebx, ecx, edx;

    static const char *const names[] = {[RUN_ISOLATION_AUTO] = "auto",
                                        [RUN_ISOLATION_OFF] = "off",
                                        [RUN_ISOLATION_PAGES] = "pages",
                                        [RUN_ISOLATION_KEYS] = "keys"};
    uint32_t which = 0;

    while (which < 4 && strcmp(text, names[which]) != 0) {
        which++;
    }
    if (which == 4) {
        return usage_error("--isolation: `%s` is not off, pages, keys or auto", text);
    }
    out->isolation = which;
    if (which != RUN_ISOLATION_KEYS) {
        return 0;
    }
    /* OSPKE: the processor has protection keys, and Linux uses them. */
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || (ecx >> 4 & 1) == 0) {
        return usage_error("--isolation keys: this machine has no protection keys");
    }
    return 0;
}

static int
parse_option(const char *name, const char *value, struct options *out)
{
    uint64_t number;
    int error;

    if (strcmp(name, "--os") == 0) {
        return parse_os(value, out);
    }
    if (strcmp(name, "--client") == 0) {
        return parse_client(value, out);
    }
    if (strcmp(name, "--inf") == 0) {
        return append(name, &out->inf, value);
    }
    if (strcmp(name, "--reg") == 0) {
        return append(name, &out->reg, value);
    }
    if (strcmp(name, "--dir") == 0) {
        return append(name, &out->dir, value);
    }
    if (strcmp(name, "--verifier") == 0) {
        return append(name, &out->verifier, value);
    }
    if (strcmp(name, "--fail-alloc") == 0) {
        return lowmem_parse(value, out);
    }
    if (strcmp(name, "--rule") == 0) {
        return append(name, &out->rules, value);
    }
    if (strcmp(name, "--break") == 0) {
        return append(name, &out->breaks, value);
    }
    if (strcmp(name, "-c") == 0) {
        out->commands = value;
        return 0;
    }
    if (strcmp(name, "--symbols") == 0) {
        return append(name, &out->symbols, value);
    }
    if (strcmp(name, "--source-map") == 0) {
        return strchr(value, '=') ? append(name, &out->source_map, value)
                                  : usage_error("--source-map: `%s` is not OLD=NEW", value);
    }
    if (strcmp(name, "--cpus") == 0) {
        error = parse_number(name, value, 1, ABI_MAX_PROCESSORS, &number);
        out->cpus = (uint32_t)number;
        out->cpus_given = true;
        return error;
    }
    if (strcmp(name, "--clock") == 0) {
        out->host_clock = strcmp(value, "host") == 0;
        return out->host_clock || strcmp(value, "virtual") == 0
                   ? 0
                   : usage_error("--clock: `%s` is neither virtual nor host", value);
    }
    if (strcmp(name, "--cpu-model") == 0) {
        out->plain_cpu = strcmp(value, "v2") == 0;
        return out->plain_cpu || strcmp(value, "host") == 0
                   ? 0
                   : usage_error("--cpu-model: `%s` is neither host nor v2", value);
    }
    if (strcmp(name, "--isolation") == 0) {
        return parse_isolation(value, out);
    }
    if (strcmp(name, "--seed") == 0) {
        return parse_number(name, value, 0, UINT64_MAX, &out->seed);
    }
    if (strcmp(name, "--run-timeout") == 0) {
        return parse_time(name, value, &out->run_timeout);
    }
    if (strcmp(name, "--virtual-timeout") == 0) {
        return parse_time(name, value, &out->virtual_timeout);
    }
    if (strcmp(name, "--strategy") == 0) {
        out->strategy = value;
        return strategy_find(value) != NULL && strategy_find(value) != &strategy_minimise
                   ? 0
                   : usage_error("--strategy: `%s` is not dpor, odpor, bounded, delay, pct, pos, "
                                 "urw, surw, feedback, fairwalk, portfolio or random",
                                 value);
    }
    if (strcmp(name, "--snapshots") == 0) {
        out->from_root = strcmp(value, "root") == 0;
        return out->from_root || strcmp(value, "tree") == 0
                   ? 0
                   : usage_error("--snapshots: `%s` is not root or tree", value);
    }
    if (strcmp(name, "--granularity") == 0) {
        return granularity_parse(value, &out->granularity) == 0
                   ? 0
                   : usage_error("--granularity: `%s` is not api, atomics or memory", value);
    }
    if (strcmp(name, "--inject") == 0) {
        return parse_inject(value, out);
    }
    if (strcmp(name, "--injections") == 0) {
        return parse_number(name, value, 1, 100, &out->injections);
    }
    if (strcmp(name, "--depth") == 0) {
        return parse_number(name, value, 1, 16, &out->depth);
    }
    if (strcmp(name, "--effort") == 0) {
        static const char *const names[] = {"normal", "quick", "thorough"};

        for (uint32_t i = 0; i < 3; i++) {
            if (strcmp(value, names[i]) == 0) {
                static const double seconds[] = {30, 10, 300};

                out->effort = i;
                out->budget_seconds = out->budgeted ? out->budget_seconds : seconds[i];
                return 0;
            }
        }
        return usage_error("--effort: `%s` is not quick, normal or thorough", value);
    }
    if (strcmp(name, "--stop-at") == 0) {
        error = parse_number(name, value, 1, UINT32_MAX, &number);
        out->stop_at = (uint32_t)number;
        return error;
    }
    if (strcmp(name, "--bound") == 0) {
        error = parse_number(name, value, 0, 1000, &number);
        out->bound = (uint32_t)number + 1;
        return error;
    }
    if (strcmp(name, "--jobs") == 0) {
        error = parse_number(name, value, 1, MAX_JOBS, &number);
        out->jobs = (uint32_t)number;
        return error;
    }
    if (strcmp(name, "--shard") == 0) {
        return parse_shard(value, out);
    }
    if (strcmp(name, "--require") == 0) {
        return parse_require(value, out);
    }
    if (strcmp(name, "--budget") == 0) {
        out->budgeted = true;
        return parse_budget(value, out);
    }
    if (strcmp(name, "--client-exit") == 0) {
        out->client_exit_ignored = strcmp(value, "ignore") == 0;
        return out->client_exit_ignored || strcmp(value, "check") == 0
                   ? 0
                   : usage_error("--client-exit: `%s` is not ignore", value);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(name, files[i].name) == 0) {
            *(const char **)((char *)out + files[i].offset) = value;
            return 0;
        }
    }
    return usage_error("unknown option `%s`; see ntlab --help", name);
}

static int
parse_flag(const char *name, struct options *out)
{
    if (strcmp(name, "--kd") == 0) {
        out->kd = true;
    } else if (strcmp(name, "--fail-alloc") == 0) {
        out->fail_alloc = true;
    } else if (strcmp(name, "--dbg") == 0) {
        out->dbg = true;
    } else if (strcmp(name, "--stages") == 0) {
        out->stages = true;
    } else if (strcmp(name, "--mitigations") == 0) {
        out->mitigations = true;
    } else if (strcmp(name, "--summary") == 0) {
        out->summary = true;
    } else if (strcmp(name, "--first") == 0) {
        out->first = true;
    } else if (strcmp(name, "--tolerant") == 0) {
        out->tolerant = true;
    } else if (strcmp(name, "--keep-going") == 0) {
        out->keep_going = true;
    } else if (strcmp(name, "--no-protection-keys") == 0) {
        out->no_keys = true;
    } else {
        return -1;
    }
    return 0;
}

static int
parse_words(int argc, char **argv, struct options *out)
{
    int error;

    *out = (struct options){.os = 5,
                            .cpus = 4,
                            .run_timeout = 10,
                            .virtual_timeout = 3600,
                            .budget_seconds = 30,
                            .jobs = 1,
                            .shards = 1,
                            .explores = strcmp(argv[0], "explore") == 0};
    for (int i = 1; i < argc; i++) {
        char *word = argv[i], *equals;

        if (strcmp(word, "--") == 0) {
            if (argv[i + 1] == NULL) {
                return usage_error("no client after `--`");
            }
            if (out->clients == ABI_MAX_CLIENTS) {
                return usage_error("more than %d clients", ABI_MAX_CLIENTS);
            }
            out->client[out->clients++] = (struct client){ABI_TOKEN_ADMIN, NULL, &argv[i + 1]};
            return 0;
        }
        if (strncmp(word, "--", 2) != 0 && strcmp(word, "-c") != 0) {
            if (word[0] == '-') {
                return usage_error("unknown option `%s`; see ntlab --help", word);
            }
            error = append("drivers", &out->drivers, word);
        } else if (parse_flag(word, out) == 0) {
            continue;
        } else if (word[1] == '-' && (equals = strchr(word, '=')) != NULL) {
            char name[64];

            snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
            error = parse_option(name, equals + 1, out);
        } else {
            if (argv[i + 1] == NULL) {
                return usage_error("%s needs a value", word);
            }
            error = parse_option(word, argv[++i], out);
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* Said before the search, not behind it. A word that was forgotten makes the driver the file that is written. */
static int
check_written(const char *option, const char *path)
{
    char folder[PATH_MAX], head[2] = "";
    struct stat about;
    int fd;

    snprintf(folder, sizeof(folder), "%s", path);
    if (stat(path, &about) != 0) {
        return access(dirname(folder), W_OK | X_OK) == 0
                   ? 0
                   : usage_error("%s %s: %s", option, path, strerror(errno));
    }
    if (S_ISDIR(about.st_mode) || access(path, W_OK) != 0) {
        return usage_error("%s %s: %s", option, path,
                           strerror(S_ISDIR(about.st_mode) ? EISDIR : errno));
    }
    fd = S_ISREG(about.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        if (read(fd, head, sizeof(head)) == 2 && memcmp(head, "MZ", 2) == 0) {
            close(fd);
            return usage_error("%s %s: is an image, and would be overwritten", option, path);
        }
        close(fd);
    }
    return 0;
}

int
options_parse(int argc, char **argv, struct options *out)
{
    static const char *const searches[] = {"explore", "check", "replay"};
    int error = parse_words(argc, argv, out);

    if (error == 0 && out->fail_alloc && out->verifier.count == 0) {
        out->verifier.item[out->verifier.count++] =
            "standard"; /* most of what is wrong then is a leak */
    }
    for (size_t i = 0; error == 0 && out->isolation == RUN_ISOLATION_PAGES && i < 3; i++) {
        if (strcmp(argv[0], searches[i]) == 0) {
            error = usage_error("%s: --isolation pages is for single runs; here it is off, keys or "
                                "auto",
                                searches[i]);
        }
    }
    for (size_t i = 0; error == 0 && i < sizeof(files) / sizeof(files[0]); i++) {
        const char *path = *(const char **)((char *)out + files[i].offset);

        if (files[i].written && path != NULL && strcmp(path, "-") != 0) {
            error = check_written(files[i].name, path);
        }
    }
    return error;
}

void
json_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++) {
        if (*c == '"' || *c == '\\') {
            fprintf(out, "\\%c", *c);
        } else if (*c < 0x20) {
            fprintf(out, "\\u%04x", *c);
        } else {
            fputc(*c, out);
        }
    }
    fputc('"', out);
}
