/*
 * request.c - from options to a run: opens every file, makes guest paths and command lines.
 *
 *     C:\Windows\System32          what comes with ntlab (the kernel, DLLs)
 *     C:\Windows\System32\drivers  drivers: those of the command line and what lies beside them,
 * then those in the box C:\ntlab                     the client and what lies beside it D:\ --dir
 *
 * A client's command line is quoted as CommandLineToArgvW undoes it.
 */
#include <dirent.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/image/image.h"
#include "host/machine/coverage.h"
#include "host/machine/run.h"

#define BOOT_TIME    133485408000000000ull /* 2024-01-01, in units of 100 ns since 1601 */
#define UNIX_EPOCH   116444736000000000ull /* 1970-01-01, likewise */
#define SLICE_POINTS 512
/* Odd: a loop with two atomic instructions, as a lock's acquire and release, is not always left at the same one. */
#define TURN       4999
#define MAX_BESIDE 256
#define MAX_DEPTH  8

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool
has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), end = strlen(suffix);

    return length >= end && strcasecmp(name + length - end, suffix) == 0;
}

static int
add(struct run_request *request, const char *place, const char *path)
{
    char guest[PATH_MAX];

    snprintf(guest, sizeof(guest), "%s\\%s", place, base_name(path));
    for (size_t i = 0; i < request->files; i++) {
        if (strcmp(request->file[i].guest_path, guest) == 0) {
            return 0; /* the first one counts */
        }
    }
    if (request_add_file(request, guest, path) == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    return 0;
}

/* What is taken of a folder: up to `most` files with this suffix. */
struct wanted {
    const char *place, *suffix;
    size_t most;
};

static bool
is_readable_file(const char *path, const struct dirent *entry)
{
    struct stat info;

    return (entry->d_type == DT_REG || (stat(path, &info) == 0 && S_ISREG(info.st_mode))) &&
           access(path, R_OK) == 0;
}

/* The files of one folder, one kind after the other, each sorted; a missing folder holds none. */
static int
add_folder(struct run_request *request, const char *folder, const struct wanted *wanted,
           size_t kinds)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), error = 0;

    for (size_t kind = 0; kind < kinds; kind++) {
        size_t most = wanted[kind].most;

        for (int i = 0; i < count && error == 0 && most > 0; i++) {
            char path[PATH_MAX];

            if (!has_suffix(entries[i]->d_name, wanted[kind].suffix)) {
                continue;
            }
            snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
            if (is_readable_file(path, entries[i])) {
                error = add(request, wanted[kind].place, path);
                most--;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return error;
}

static int
by_place(const void *one, const void *other)
{
    return strcasecmp(((const struct run_file *)one)->guest_path,
                      ((const struct run_file *)other)->guest_path);
}

/*
 * What comes with ntlab: beside the executable in a build tree, in ../lib/ntlab when installed. A guest that lists a folder
 * finds the same in both.
 */
int
request_box(struct run_request *request)
{
    static const char *const folders[] = {"nt", "user", "drivers", "box", "../lib/ntlab"};
    static const struct wanted of_box[] = {
        {"C:\\Windows\\System32", "ntoskrnl.exe", 1},
        {"C:\\Windows\\System32", ".dll", MAX_BESIDE},
        {"C:\\Windows\\System32", "fltmc.exe", 1},
        {"C:\\Windows\\System32\\drivers", ".sys", MAX_BESIDE},
    };
    static const char *const empty[] = {
        "C:\\Windows\\Temp",
        "C:\\Users",
        "C:\\Users\\ntlab",
        "C:\\Users\\ntlab\\AppData",
        "C:\\Users\\ntlab\\AppData\\Local",
        "C:\\Users\\ntlab\\AppData\\Roaming",
        "C:\\Users\\ntlab\\Desktop",
        "C:\\Users\\ntlab\\Documents",
        "C:\\Users\\Public",
        "C:\\ProgramData",
        "C:\\Program Files",
    };
    size_t first = request->files;
    char self[PATH_MAX / 2], folder[PATH_MAX], inner[PATH_MAX + 256];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int error = 0;

    if (length <= 0) {
        return usage_error("cannot find the folder of ntlab: %s", strerror(errno));
    }
    self[length] = 0;
    *strrchr(self, '/') = 0;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && error == 0; i++) {
        struct dirent **entries;
        int count;

        snprintf(folder, sizeof(folder), "%s/%s", self, folders[i]);
        count = scandir(folder, &entries, NULL, alphasort);
        for (int j = 0; j < count; j++) {
            const char *name = entries[j]->d_name;

            /* The folder itself and those right in it. */
            if (error == 0 &&
                (strcmp(name, ".") == 0 ||
                 (entries[j]->d_type == DT_DIR && name[0] != '.' && !has_suffix(name, ".p")))) {
                snprintf(inner, sizeof(inner), "%s/%s", folder, name);
                error = add_folder(request, inner, of_box, sizeof(of_box) / sizeof(of_box[0]));
            }
            free(entries[j]);
        }
        if (count >= 0) {
            free(entries);
        }
    }
    if (error == 0) {
        qsort(request->file + first, request->files - first, sizeof(*request->file), by_place);
    }
    /* What the environment names: folders, and nothing else in them. */
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]) && error == 0; i++) {
        if (request_add_file(request, empty[i], self) == NULL) {
            error = usage_error("%s: %s", self, strerror(errno));
        }
    }
    return error;
}

static int
add_tree(struct run_request *request, const char *place, const char *folder, int depth)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), error = 0;

    if (count < 0) {
        return usage_error("%s: %s", folder, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX], inner[PATH_MAX];
        const char *name = entries[i]->d_name;
        struct stat info;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        if (error == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
            stat(path, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) {
            error = add(request, place, path);
            if (error == 0 && S_ISDIR(info.st_mode) && depth < MAX_DEPTH) {
                snprintf(inner, sizeof(inner), "%s\\%s", place, name);
                error = add_tree(request, inner, path, depth + 1);
            }
        }
        free(entries[i]);
    }
    free(entries);
    return error;
}

/* Files of the kinds that an image may load, in the folder of `path`. */
static int
add_beside(struct run_request *request, const char *place, const char *path)
{
    const struct wanted beside[] = {
        {place, ".dll", MAX_BESIDE}, {place, ".sys", MAX_BESIDE}, {place, ".exe", MAX_BESIDE}};
    char folder[PATH_MAX];

    snprintf(folder, sizeof(folder), "%s", path);
    if (strrchr(folder, '/') != NULL) {
        *(strrchr(folder, '/') + 1) = 0;
    } else {
        strcpy(folder, "./");
    }
    return add_folder(request, folder, beside, sizeof(beside) / sizeof(beside[0]));
}

int
request_siblings(struct run_request *request, const char *path)
{
    return add_beside(request, "C:\\ntlab", path);
}

/* Not one by its name alone: a driver may be called .exe, and some linkers say that a .sys is a console program. */
static bool
is_program(const struct run_file *file)
{
    struct image_error error;
    struct pe pe;

    return has_suffix(file->guest_path, ".exe") &&
           image_parse(file->data, file->size, &pe, &error) == 0 &&
           (pe.subsystem == 2 || pe.subsystem == 3);
}

static int
add_drivers(const struct options *options, struct run_request *request)
{
    for (size_t i = 0; i < options->drivers.count; i++) {
        const char *path = options->drivers.item[i], *name = base_name(path);
        struct abi_boot *boot = &request->boot;
        size_t length = strlen(name);
        int error;

        if (strlen(name) >= sizeof(boot->driver[i].name)) {
            return usage_error("%s: the name is too long", path);
        }
        error = add(request, "C:\\Windows\\System32\\drivers", path);
        if (error != 0) {
            return error;
        }
        if (is_program(&request->file[request->files - 1])) {
            return usage_error("%s is a program of user mode, not a driver: clients come after --",
                               path);
        }
        length -= has_suffix(name, ".sys") ? 4 : 0;
        snprintf(boot->driver[i].name, sizeof(boot->driver[i].name), "%.*s", (int)length, name);
        snprintf(boot->driver[i].path, sizeof(boot->driver[i].path),
                 "\\SystemRoot\\System32\\drivers\\%s", name);
        boot->drivers++;
    }
    for (size_t i = 0; i < options->drivers.count; i++) {
        int error = add_beside(request, "C:\\Windows\\System32\\drivers", options->drivers.item[i]);

        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* Appends one argument so that the usual parser of command lines gets it back. */
static size_t
quote(char *out, size_t size, const char *argument)
{
    bool plain = *argument != 0 && strpbrk(argument, " \t\n\v\"") == NULL;
    size_t at = 0, slashes = 0;

#define PUT(c) (at + 1 < size ? (void)(out[at++] = (c)) : (void)0)
    if (!plain) {
        PUT('"');
    }
    for (const char *c = argument; *c != 0; c++) {
        if (*c == '\\') {
            slashes++;
        } else {
            if (*c == '"' && !plain) {
                for (size_t i = 0; i < slashes + 1; i++) {
                    PUT('\\');
                }
            }
            slashes = 0;
        }
        PUT(*c);
    }
    if (!plain) {
        for (size_t i = 0; i < slashes; i++) {
            PUT('\\');
        }
        PUT('"');
    }
#undef PUT
    out[at] = 0;
    return at;
}

/* The first word of a command: the client's file on the host. */
static size_t
first_word(const char *command, char *out, size_t size)
{
    size_t at = 0, i = 0;
    bool quoted = false;

    for (; command[i] != 0 && (quoted || command[i] != ' '); i++) {
        if (command[i] == '"') {
            quoted = !quoted;
        } else if (at + 1 < size) {
            out[at++] = command[i];
        }
    }
    out[at] = 0;
    return i;
}

/* A program of the box that is named without a folder, as `fltmc`: where it lies. NULL: it is a file of the user's. */
static const char *
find_program(const struct run_request *request, const char *name)
{
    char guest[PATH_MAX + 32];

    if (strchr(name, '/') != NULL || access(name, R_OK) == 0) {
        return NULL;
    }
    snprintf(guest, sizeof(guest), "C:\\Windows\\System32\\%s%s", name,
             has_suffix(name, ".exe") ? "" : ".exe");
    for (size_t i = 0; i < request->files; i++) {
        if (strcasecmp(request->file[i].guest_path, guest) == 0 && is_program(&request->file[i])) {
            return request->file[i].guest_path;
        }
    }
    return NULL;
}

static int
add_client(const struct client *client, struct run_request *request)
{
    struct abi_boot *boot = &request->boot;
    const char *program;
    char path[PATH_MAX], *command;
    uint32_t i = boot->clients;
    size_t at = 0, size = sizeof(boot->client[i].command);
    int error;

    if (client->argv != NULL) {
        snprintf(path, sizeof(path), "%s", client->argv[0]);
    } else {
        at = first_word(client->command, path, sizeof(path));
    }
    if (strlen(base_name(path)) > 200) {
        return usage_error("%s: the name is too long", path);
    }
    program = find_program(request, path);
    if (program != NULL) {
        snprintf(boot->client[i].image, sizeof(boot->client[i].image), "\\??\\%.200s", program);
    } else {
        snprintf(boot->client[i].image, sizeof(boot->client[i].image), "\\??\\C:\\ntlab\\%.200s",
                 base_name(path));
    }
    command = boot->client[i].command;
    if (client->argv != NULL) {
        at = quote(command, size, base_name(path));
        for (char **word = client->argv + 1; *word != NULL && at + 2 < size; word++) {
            command[at++] = ' ';
            at += quote(command + at, size - at, *word);
        }
    } else {
        const char *rest = client->command + at;

        at = quote(command, size, base_name(path));
        at += (size_t)snprintf(command + at, size - at, "%s", rest);
    }
    if (at + 2 >= size) {
        return usage_error("the command line of %s is too long", path);
    }
    boot->client[i].token = client->token;
    boot->clients++;
    if (program != NULL) {
        return 0;
    }
    error = add(request, "C:\\ntlab", path);
    if (error != 0) {
        return error;
    }
    return add_beside(request, "C:\\ntlab", path);
}

static size_t
put_utf8(unsigned char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (unsigned char)(0xC0 | c >> 6);
        to[1] = (unsigned char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (unsigned char)(0xE0 | c >> 12);
        to[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        to[2] = (unsigned char)(0x80 | (c & 0x3F));
        return 3;
    }
    to[0] = (unsigned char)(0xF0 | c >> 18);
    to[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
    to[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
    to[3] = (unsigned char)(0x80 | (c & 0x3F));
    return 4;
}

/* What Regedit and INF editors write: UTF-16 of either order with its mark becomes UTF-8, where a lone surrogate is U+FFFD. */
static int
text_of_utf16(const unsigned char *data, size_t size, struct run_config *out)
{
    bool big = data[0] == 0xFE;
    unsigned char *text = malloc(size / 2 * 3 + 1);
    size_t used = 0;

    if (text == NULL) {
        return usage_error("out of memory");
    }
    for (size_t at = 2; at + 1 < size; at += 2) {
        uint32_t c = big ? (uint32_t)(data[at] << 8 | data[at + 1])
                         : (uint32_t)(data[at + 1] << 8 | data[at]);

        if (c >= 0xD800 && c < 0xDC00 && at + 3 < size) {
            uint32_t low = big ? (uint32_t)(data[at + 2] << 8 | data[at + 3])
                               : (uint32_t)(data[at + 3] << 8 | data[at + 2]);

            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        used += put_utf8(text + used, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
    }
    out->text = (const char *)text;
    out->length = used;
    return 0;
}

/* As Regedit has it: the first line that is not empty says what the file is. */
static int
check_registry_script(const char *path, const struct run_config *text)
{
    static const char *const heading[] = {"REGEDIT4", "Windows Registry Editor Version 5.00"};
    const char *at = text->text, *end = at + text->length;

    if (end - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) {
        at += 3;
    }
    while (at < end && isspace((unsigned char)*at)) {
        at++;
    }
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(heading[i]);

        if ((size_t)(end - at) >= length && memcmp(at, heading[i], length) == 0) {
            return 0;
        }
    }
    fprintf(stderr, "ntlab: %s: not a registry script: it begins neither with `%s` nor with `%s`\n",
            path, heading[0], heading[1]);
    return 3;
}

static int
add_text(struct run_request *request, const char *key, const char *path)
{
    struct run_config *grown;
    struct run_file *file = request_add_file(request, "", path);
    const unsigned char *data;

    if (file == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    grown = realloc(request->config, (request->configs + 1) * sizeof(*grown));
    if (grown == NULL) {
        return usage_error("out of memory");
    }
    request->config = grown;
    grown[request->configs++] =
        (struct run_config){strdup(key), (const char *)file->data, file->size};
    data = (const unsigned char *)file->data;
    if (file->size >= 2 &&
        ((data[0] == 0xFF && data[1] == 0xFE) || (data[0] == 0xFE && data[1] == 0xFF))) {
        return text_of_utf16(data, file->size, &grown[request->configs - 1]);
    }
    return 0;
}

static bool
imports_from(const struct run_file *file, const char *dll)
{
    struct pe *pe = calloc(1, sizeof(*pe));
    struct pe_imports it;
    struct pe_import import;
    struct image_error error;
    bool found = false;

    if (pe != NULL && !file->directory && image_parse(file->data, file->size, pe, &error) == 0) {
        pe_imports_begin(&it, pe, false);
        while (!found && pe_imports_next(&it, &import)) {
            found = strcasecmp(import.dll, dll) == 0;
        }
    }
    free(pe);
    return found;
}

/* Does the file at `path` import from fltmgr.sys? */
bool
request_minifilter(const struct run_request *request, const char *path)
{
    for (size_t i = 0; i < request->files; i++) {
        const struct run_file *file = &request->file[i];

        if (file->host_path != NULL && strcmp(file->host_path, path) == 0) {
            return imports_from(file, "fltmgr.sys");
        }
    }
    return false;
}

/*
 * The filter manager is a boot driver. It is loaded where somebody could notice it: with the first minifilter (the
 * kernel sees to that), or from the beginning if a client talks to it. Loading it takes as long as the rest of the boot.
 */
static int
ask_for_filter_manager(struct run_request *request)
{
    struct run_config *grown;
    bool needed = false;

    for (size_t i = 0; i < request->files && !needed; i++) {
        for (size_t j = 0; j < request->boot.clients && !needed; j++) {
            const char *image = strrchr(request->boot.client[j].image, '\\');

            needed = image != NULL && request->file[i].host_path != NULL &&
                     strcmp(base_name(request->file[i].host_path), image + 1) == 0 &&
                     imports_from(&request->file[i], "fltlib.dll");
        }
    }
    if (!needed) {
        return 0;
    }
    grown = realloc(request->config, (request->configs + 1) * sizeof(*grown));
    if (grown == NULL) {
        return usage_error("out of memory");
    }
    request->config = grown;
    grown[request->configs++] = (struct run_config){strdup("fltmgr"), strdup("1"), 1};
    return 0;
}

/* Does a registry script make the service's Instances key? */
static bool
script_has_instances(const struct run_request *request, const char *service)
{
    char wanted[120];
    size_t length = (size_t)snprintf(wanted, sizeof(wanted), "\\Services\\%s\\Instances", service);

    for (size_t i = 0; i < request->configs; i++) {
        const struct run_config *script = &request->config[i];

        for (size_t at = 0; strncmp(script->key, "reg", 3) == 0 && at + length <= script->length;
             at++) {
            if (strncasecmp(script->text + at, wanted, length) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* A minifilter without an INF: where setup would have taken them from, its instance and altitude are made up. */
static int
make_up_instance(struct run_request *request, size_t driver, bool quiet)
{
    struct run_config *grown;
    char key[80], altitude[16];

    snprintf(key, sizeof(key), "flt:%s", request->boot.driver[driver].name);
    snprintf(altitude, sizeof(altitude), "%zu", 370000 + 10 * (driver + 1));
    grown = realloc(request->config, (request->configs + 1) * sizeof(*grown));
    if (grown == NULL) {
        return usage_error("out of memory");
    }
    request->config = grown;
    grown[request->configs++] =
        (struct run_config){strdup(key), strdup(altitude), strlen(altitude)};
    if (quiet) {
        return 0;
    }
    fprintf(stderr, "ntlab: %s.sys has no INF: \"%s Instance\" at altitude %s is made up\n",
            request->boot.driver[driver].name, request->boot.driver[driver].name, altitude);
    return 0;
}

static int
add_scripts(const struct options *options, struct run_request *request)
{
    char key[32];
    int error = 0;

    for (size_t i = 0; i < options->reg.count && error == 0; i++) {
        snprintf(key, sizeof(key), i == 0 ? "reg" : "reg:%zu", i);
        error = add_text(request, key, options->reg.item[i]);
        if (error == 0) {
            error =
                check_registry_script(options->reg.item[i], &request->config[request->configs - 1]);
        }
    }
    return error;
}

/* A driver's INF: --inf, or a sibling of the driver. The key is "inf:" and the service's name. */
static int
add_infs(const struct options *options, struct run_request *request)
{
    char path[PATH_MAX], key[80];
    int error = add_scripts(options, request);

    for (size_t i = 0; i < options->drivers.count && error == 0; i++) {
        const char *inf = NULL, *driver = options->drivers.item[i];

        snprintf(path, sizeof(path), "%.*s.inf",
                 (int)(strlen(driver) - (has_suffix(driver, ".sys") ? 4 : 0)), driver);
        for (size_t j = 0; j < options->inf.count; j++) {
            if (options->inf.count == 1 ||
                strcasecmp(base_name(options->inf.item[j]), base_name(path)) == 0) {
                inf = options->inf.item[j];
            }
        }
        if (inf == NULL && access(path, R_OK) == 0) {
            inf = path;
        }
        if (inf != NULL) {
            snprintf(key, sizeof(key), "inf:%s", request->boot.driver[i].name);
            error = add_text(request, key, inf);
        } else if (request_minifilter(request, driver) &&
                   !script_has_instances(request, request->boot.driver[i].name)) {
            error = make_up_instance(request, i, options->quiet);
        }
    }
    return error;
}

static int
add_verifier(const struct options *options, struct run_request *request)
{
    struct run_config *grown;
    char *text;
    int error = verifier_config(options, &text);

    if (error != 0 || (text == NULL && !options->fail_alloc)) {
        return error;
    }
    grown = realloc(request->config, (request->configs + 2) * sizeof(*grown));
    if (grown == NULL) {
        return usage_error("out of memory");
    }
    request->config = grown;
    if (text != NULL) {
        grown[request->configs++] = (struct run_config){strdup("verifier"), text, strlen(text)};
    }
    if (options->fail_alloc) {
        char words[32];

        lowmem_config(options, words, sizeof(words));
        grown[request->configs++] =
            (struct run_config){strdup("fail-alloc"), strdup(words), strlen(words)};
    }
    return 0;
}

static int
add_from_environment(struct run_request *request, const char *variable, const char *name)
{
    const char *value = getenv(variable);
    struct run_config *grown;

    if (value == NULL) {
        return 0;
    }
    grown = realloc(request->config, (request->configs + 1) * sizeof(*grown));
    if (grown == NULL) {
        return usage_error("out of memory");
    }
    request->config = grown;
    grown[request->configs++] = (struct run_config){strdup(name), strdup(value), strlen(value)};
    return 0;
}

/* The tests of the kernel: at the end of a run it looks for what it has forgotten (nt/ex/lost.c); one of its own allocations fails (nt/ex/failing.c). */
static int
add_self_check(struct run_request *request)
{
    int error = add_from_environment(request, "NTLAB_SELF_CHECK", "self-check");

    return error ? error : add_from_environment(request, "NTLAB_FAIL_KERNEL", "fail-kernel");
}

static uint64_t
host_now_100ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return UNIX_EPOCH + (uint64_t)now.tv_sec * 10000000 + (uint64_t)now.tv_nsec / 100;
}

void
request_streams(struct run_request *out)
{
    for (int fd = 0; fd < 3; fd++) {
        struct stat status;

        if (fstat(fd, &status) == 0 && !S_ISCHR(status.st_mode)) {
            out->boot.piped |= 1u << fd;
        }
    }
}

void
request_defaults(const struct options *options, struct run_request *out)
{
    struct abi_boot *boot = &out->boot;

    memset(out, 0, sizeof(*out));
    boot->version = ABI_VERSION;
    boot->cpus = options->cpus;
    boot->os = options->os;
    boot->build = options->build;
    boot->seed = options->seed;
    boot->boot_time_100ns = BOOT_TIME;
    boot->virtual_limit_100ns = (uint64_t)(options->virtual_timeout * 1e7);
    boot->host_clock = options->host_clock;
    if (options->host_clock) {
        /* Real time starts at the real date; what bounds the run is --run-timeout. */
        boot->boot_time_100ns = host_now_100ns();
        boot->virtual_limit_100ns = UINT64_MAX;
    }
    boot->kd = options->kd;
    out->run_timeout = options->run_timeout;
    out->client_exit_ignored = options->client_exit_ignored;
    out->slice_points = SLICE_POINTS;
    out->turn = TURN;
    out->features = options->mitigations ? ABI_FEATURE_MITIGATIONS : 0;
    out->no_keys = options->no_keys || options->plain_cpu;
    out->isolation = options->isolation;
    out->plain_cpu = options->plain_cpu;
    out->trace = options->trace != NULL;
}

/* ---- which of the kernel's blocks ran (tools/mutate.py) ---- */

static struct run_coverage kernel;
static pid_t kernel_owner;

static void
write_kernel_coverage(void)
{
    char path[PATH_MAX];
    FILE *out;

    if (getpid() != kernel_owner) {
        return;
    }
    snprintf(path, sizeof(path), "%s.%d", getenv("NTLAB_KERNEL_COVERAGE"), (int)kernel_owner);
    out = fopen(path, "w");
    for (size_t i = 0; i < kernel.points && out != NULL; i++) {
        fprintf(out, "%x %d\n", kernel.point[i].rva, kernel.seen[i]);
    }
    if (out != NULL) {
        fclose(out);
    }
}

static void
ask_for_kernel_coverage(struct run_request *request)
{
    const struct run_file *file = files_find(request, "ntoskrnl.exe");

    if (getenv("NTLAB_KERNEL_COVERAGE") == NULL || file == NULL || kernel_owner != 0 ||
        !coverage_make(file->data, file->size, "ntoskrnl.exe", &kernel)) {
        return;
    }
    coverage_of_kernel(&kernel);
    kernel_owner = getpid();
    atexit(write_kernel_coverage);
}

int
request_build(const struct options *options, struct run_request *out)
{
    int error;

    request_defaults(options, out);
    error = add_drivers(options, out);
    if (error == 0 && options->kernel != NULL &&
        request_add_file(out, "C:\\Windows\\System32\\ntoskrnl.exe", options->kernel) == NULL) {
        error = usage_error("%s: %s", options->kernel, strerror(errno));
    }
    error = error ? error : request_box(out);
    ask_for_kernel_coverage(out);
    for (size_t i = 0; i < options->clients && error == 0; i++) {
        error = add_client(&options->client[i], out);
    }
    for (size_t i = 0; i < options->dir.count && error == 0; i++) {
        char place[8] = {(char)('D' + i), ':', 0};

        error = add_tree(out, place, options->dir.item[i], 0);
    }
    error = error ? error : add_infs(options, out);
    error = error ? error : add_verifier(options, out);
    error = error ? error : add_self_check(out);
    return error ? error : ask_for_filter_manager(out);
}
