/*
 * ntr.c - writes and reads FINDING.ntr.
 *
 * A POSIX tar archive, so that `tar xf` shows what is inside. What comes with ntlab is not in it; its
 * kernel's size and hash are, for a finding belongs to one build: replay says so where they differ.
 *
 * Images that took no part are left out: of each its name and its size are kept, for what the file system has
 * allocated for a folder decides where everything else lies.
 *
 * replay.txt has one fact a line, `key value`. A schedule is run-length encoded: `choice NAME COUNT`.
 * All of it may be nonsense: it came by mail.
 */
#include "host/cli/ntr.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host/cli/finding.h"
#include "host/report/report.h"

#define BLOCK        512
#define MAX_FILE     (20u << 20)
#define MAX_SCHEDULE (1u << 20)

struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], time[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct tar_header) == BLOCK, "the form of a tar archive");

static void
write_member(FILE *out, const char *name, const void *data, size_t size)
{
    static const char zero[BLOCK];
    struct tar_header header = {.type = '0'};
    unsigned sum = 0;

    snprintf(header.name, sizeof(header.name), "%s", name);
    strcpy(header.mode, "0000644");
    strcpy(header.uid, "0000000");
    strcpy(header.gid, "0000000");
    snprintf(header.size, sizeof(header.size), "%011zo", size);
    strcpy(header.time, "00000000000");
    memcpy(header.magic, "ustar", 6);
    memcpy(header.version, "00", 2);
    memset(header.checksum, ' ', sizeof(header.checksum));
    for (size_t i = 0; i < sizeof(header); i++) {
        sum += ((unsigned char *)&header)[i];
    }
    snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
    fwrite(&header, 1, sizeof(header), out);
    fwrite(data, 1, size, out);
    fwrite(zero, 1, (BLOCK - size % BLOCK) % BLOCK, out);
}

static const struct run_file *
kernel_file(const struct run_request *request)
{
    return files_find(request, "ntoskrnl.exe");
}

static bool
same_content(const struct run_file *one, const struct run_file *other)
{
    return other != NULL && one->size == other->size && !other->directory &&
           memcmp(one->data, other->data, one->size) == 0;
}

/* An image that came through filters is known by its bytes: of several such files it may have been any. */
static bool
took_part(const struct run_file *file, const struct run_request *request,
          const struct run_result *result)
{
    for (size_t i = 0; i < result->images; i++) {
        if (strcmp(result->image[i].path, file->guest_path) == 0 ||
            same_content(file, files_find(request, result->image[i].path))) {
            return true;
        }
    }
    return false;
}

/* Beside ntlab itself: the reader has its own. */
static bool
is_boxed(const struct run_file *file)
{
    return strncmp(file->guest_path, "C:\\Windows\\System32\\", 20) == 0 &&
           strchr(file->guest_path + 20, '\\') == NULL;
}

/* From --dir. */
static bool
is_users(const struct run_file *file)
{
    return strncmp(file->guest_path, "D:\\", 3) == 0;
}

static void
write_schedule(FILE *out, const uint32_t *schedule, uint32_t length)
{
    for (uint32_t i = 0; i < length;) {
        uint32_t count = 1;

        while (i + count < length && schedule[i + count] == schedule[i]) {
            count++;
        }
        fprintf(out, "choice %08" PRIx32 " %" PRIu32 "\n", schedule[i], count);
        i += count;
    }
}

int
ntr_write(const char *path, const struct options *options, const struct run_request *request,
          const struct run_result *result, const struct search_finding *finding,
          const uint32_t *schedule)
{
    const struct abi_boot *boot = &request->boot;
    const struct run_file *kernel = kernel_file(request);
    char *text = NULL, name[64], hash[65];
    size_t length;
    FILE *out = fopen(path, "w"), *facts;
    uint32_t member = 0;

    if (out == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    facts = open_memstream(&text, &length);
    fprintf(facts, "ntlab %s\nos %u %u\ncpus %u\nseed %" PRIu64 "\nhash %" PRIx64 "\n",
            NTLAB_VERSION, boot->os, boot->build, boot->cpus, boot->seed,
            run_is_too_slow(&finding->stop) ? 0 : finding->hash);
    fprintf(facts, "inject %u\nvictim %u\n", boot->inject, boot->victim);
    report_hash_file(kernel, hash);
    fprintf(facts, "kernel %zu %s\n", kernel->size, hash);
    for (uint32_t i = 0; i < boot->drivers; i++) {
        fprintf(facts, "driver %s\ndriver-path %s\n", boot->driver[i].name, boot->driver[i].path);
    }
    for (uint32_t i = 0; i < boot->clients; i++) {
        fprintf(facts, "client %u\nclient-image %s\nclient-command %s\n", boot->client[i].token,
                boot->client[i].image, boot->client[i].command);
    }
    for (size_t i = 0; i < request->files; i++) {
        const struct run_file *file = &request->file[i];

        if (file->guest_path[0] == 0 || is_boxed(file) || (file->directory && !is_users(file))) {
            continue;
        }
        if (file->directory) {
            fprintf(facts, "folder - %s\n", file->guest_path);
            continue;
        }
        if (file->size > MAX_FILE || (!is_users(file) && !took_part(file, request, result))) {
            fprintf(facts, "left-out %zu %s\n", file->size, file->guest_path);
            continue;
        }
        snprintf(name, sizeof(name), "files/%u", member++);
        fprintf(facts, "file %s %s\n", name, file->guest_path);
        write_member(out, name, file->data, file->size);
    }
    for (size_t i = 0; i < request->configs; i++) {
        snprintf(name, sizeof(name), "files/%u", member++);
        fprintf(facts, "config %s %s\n", name, request->config[i].key);
        write_member(out, name, request->config[i].text, request->config[i].length);
    }
    for (size_t i = 0; i < request->spin_count; i++) {
        const struct run_spin *spin = &request->spins[i];

        fprintf(facts, "spin %" PRIx64, spin->key);
        for (uint32_t j = 0; j < spin->reads; j++) {
            fprintf(facts, " %" PRIx64 " %" PRIx64 " %x", spin->read[j].address,
                    spin->read[j].value, spin->read[j].size);
        }
        fprintf(facts, "\n");
    }
    fprintf(facts, "stuck %d\n", finding_is_stuck(finding));
    fprintf(facts, "wanted %" PRIx64 "\n", finding->wanted);
    fprintf(facts, "granularity %s\n", granularity_name(request->granularity));
    fprintf(facts, "skips-private %d\n", request->skips_private);
    fprintf(facts, "polls %d\n", request->polls);
    for (size_t i = 0; i < request->shared_count; i++) {
        fprintf(facts, "shared %" PRIx64 " %" PRIx64 "\n", request->shared[i].word,
                request->shared[i].bytes);
    }
    write_schedule(facts, schedule + finding->schedule, finding->schedule_length);
    fclose(facts);
    write_member(out, "replay.txt", text, length);
    free(text);
    fwrite((char[2 *BLOCK]){0}, 1, 2 * BLOCK, out);
    if (fclose(out) != 0) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    return 0;
}

/* Members of an archive, in order; `data` points into it. */
static bool
next_member(const uint8_t **at, const uint8_t *end, char name[101], const uint8_t **data,
            size_t *size)
{
    const struct tar_header *header = (const struct tar_header *)*at;
    char digits[13] = {0};

    if (end - *at < BLOCK || header->name[0] == 0 || memcmp(header->magic, "ustar", 5) != 0) {
        return false;
    }
    memcpy(name, header->name, 100);
    name[100] = 0;
    memcpy(digits, header->size, 12);
    *size = strtoul(digits, NULL, 8);
    *data = *at + BLOCK;
    if (*size > (size_t)(end - *data)) {
        return false;
    }
    *at = *data + (*size + BLOCK - 1) / BLOCK * BLOCK;
    return true;
}

static const uint8_t *
find_member(const uint8_t *start, const uint8_t *end, const char *wanted, size_t *size)
{
    const uint8_t *data;
    char name[101];

    while (start < end && next_member(&start, end, name, &data, size)) {
        if (strcmp(name, wanted) == 0) {
            return data;
        }
    }
    return NULL;
}

static const char *
base_of(const char *guest_path)
{
    const char *slash = strrchr(guest_path, '\\');

    return slash != NULL ? slash + 1 : guest_path;
}

/* Unpacks a file to a folder of its own, for the guest may have several of one name, and gives it to the guest. `data` NULL: zeros. */
static int
add_unpacked(struct ntr *ntr, const char *guest_path, const uint8_t *data, size_t size)
{
    const char *base = base_of(guest_path);
    char path[400];
    bool written;
    int length;
    FILE *out;

    if (strchr(base, '/') != NULL || *base == 0 || strlen(base) > 200) {
        return -1;
    }
    length = snprintf(path, sizeof(path), "%s/%zu", ntr->folder, ntr->request.files);
    if (mkdir(path, 0700) != 0) {
        return -1;
    }
    snprintf(path + length, sizeof(path) - (size_t)length, "/%s", base);
    out = fopen(path, "wx");
    if (out == NULL) {
        return -1;
    }
    written = data != NULL ? fwrite(data, 1, size, out) == size
                           : ftruncate(fileno(out), (off_t)size) == 0;
    return fclose(out) == 0 && written && request_add_file(&ntr->request, guest_path, path) != NULL
               ? 0
               : -1;
}

static int
add_member(struct ntr *ntr, const struct options *options, const uint8_t *archive,
           const uint8_t *end, const char *member, const char *guest_path)
{
    const uint8_t *data;
    size_t size;

    for (size_t i = 1; i < options->drivers.count; i++) {
        const char *given = options->drivers.item[i];

        if (strcasecmp(strrchr(given, '/') ? strrchr(given, '/') + 1 : given,
                       base_of(guest_path)) == 0) {
            ntr->replaced |= 1ull << i;
            fprintf(stderr, "ntlab: %s takes the place of the finding's\n", given);
            return request_add_file(&ntr->request, guest_path, given) == NULL ? -1 : 0;
        }
    }
    data = find_member(archive, end, member, &size);
    return data == NULL ? -1 : add_unpacked(ntr, guest_path, data, size);
}

static int
read_spin(struct ntr *ntr, const char *text)
{
    struct run_spin *spin = &ntr->spin[ntr->request.spin_count];
    int length;

    if (ntr->request.spin_count == RUN_MAX_SPINS ||
        sscanf(text, "%" SCNx64 "%n", &spin->key, &length) != 1) {
        return -1;
    }
    for (text += length; *text != 0 && spin->reads < RUN_SPIN_READS; text += length) {
        struct run_spin_read *read = &spin->read[spin->reads++];

        if (sscanf(text, " %" SCNx64 " %" SCNx64 " %x%n", &read->address, &read->value, &read->size,
                   &length) != 3) {
            return -1;
        }
    }
    ntr->request.spins = ntr->spin;
    ntr->request.spin_count++;
    return 0;
}

static int
read_fact(struct ntr *ntr, struct options *options, const char *key, char *value,
          const uint8_t *archive, const uint8_t *end)
{
    struct abi_boot *boot = &ntr->request.boot;
    struct run_search *replay = &ntr->replay;
    char *rest = strchr(value, ' ');
    unsigned name, count, client = boot->clients - 1;
    char hash[65], written[65];

    if (rest != NULL) {
        rest++;
    }
    if (strcmp(key, "os") == 0) {
        if (sscanf(value, "%u %u", &options->os, &options->build) != 2 ||
            strcmp(os_name(options->os), "?") == 0) {
            return -1;
        }
        boot->os = options->os;
        boot->build = options->build;
    } else if (strcmp(key, "cpus") == 0) {
        boot->cpus = options->cpus = (uint32_t)strtoul(value, NULL, 10);
        return boot->cpus - 1 < ABI_MAX_PROCESSORS ? 0 : -1;
    } else if (strcmp(key, "inject") == 0) {
        boot->inject = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(key, "victim") == 0) {
        boot->victim = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(key, "seed") == 0) {
        boot->seed = options->seed = strtoull(value, NULL, 10);
    } else if (strcmp(key, "hash") == 0) {
        ntr->hash = strtoull(value, NULL, 16);
    } else if (strcmp(key, "kernel") == 0) {
        const struct run_file *kernel = kernel_file(&ntr->request);

        if (kernel == NULL || sscanf(value, "%u %64s", &name, written) != 2) {
            return -1;
        }
        report_hash_file(kernel, hash);
        if (kernel->size != name || strcmp(hash, written) != 0) {
            fprintf(stderr, "ntlab: the finding is of another build of ntlab: what happens may "
                            "differ\n");
        }
    } else if (strcmp(key, "driver") == 0) {
        if (boot->drivers == ABI_MAX_DRIVERS) {
            return -1;
        }
        snprintf(boot->driver[boot->drivers].name, sizeof(boot->driver[0].name), "%s", value);
        boot->drivers++;
    } else if (strcmp(key, "driver-path") == 0 && boot->drivers != 0) {
        snprintf(boot->driver[boot->drivers - 1].path, sizeof(boot->driver[0].path), "%s", value);
    } else if (strcmp(key, "client") == 0) {
        if (boot->clients == ABI_MAX_CLIENTS) {
            return -1;
        }
        boot->client[boot->clients++].token = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(key, "client-image") == 0 && boot->clients != 0) {
        snprintf(boot->client[client].image, sizeof(boot->client[0].image), "%s", value);
    } else if (strcmp(key, "client-command") == 0 && boot->clients != 0) {
        snprintf(boot->client[client].command, sizeof(boot->client[0].command), "%s", value);
    } else if (strcmp(key, "file") == 0 && rest != NULL) {
        rest[-1] = 0;
        return add_member(ntr, options, archive, end, value, rest);
    } else if (strcmp(key, "left-out") == 0 && rest != NULL) {
        return add_unpacked(ntr, rest, NULL, strtoull(value, NULL, 10));
    } else if (strcmp(key, "folder") == 0 && rest != NULL) {
        return request_add_file(&ntr->request, rest, ntr->folder) == NULL ? -1 : 0;
    } else if (strcmp(key, "config") == 0 && rest != NULL) {
        struct run_config *grown =
            realloc(ntr->request.config, (ntr->request.configs + 1) * sizeof(*grown));
        size_t size;
        const uint8_t *data;

        rest[-1] = 0;
        data = find_member(archive, end, value, &size);
        if (grown == NULL || data == NULL) {
            return -1;
        }
        ntr->request.config = grown;
        grown[ntr->request.configs++] = (struct run_config){strdup(rest), (const char *)data, size};
    } else if (strcmp(key, "stuck") == 0) {
        replay->stuck = strcmp(value, "1") == 0;
    } else if (strcmp(key, "skips-private") == 0) {
        ntr->request.skips_private = strcmp(value, "1") == 0;
    } else if (strcmp(key, "polls") == 0) {
        ntr->request.polls = strcmp(value, "1") == 0;
    } else if (strcmp(key, "wanted") == 0) {
        replay->wanted = strtoull(value, NULL, 16);
    } else if (strcmp(key, "spin") == 0) {
        return read_spin(ntr, value);
    } else if (strcmp(key, "granularity") == 0) {
        if (granularity_parse(value, &ntr->request.granularity) != 0) {
            return -1;
        }
        boot->explore = ntr->request.granularity == RUN_MEMORY    ? ABI_EXPLORE_MEMORY
                        : ntr->request.granularity == RUN_ATOMICS ? ABI_EXPLORE_ATOMICS
                                                                  : ABI_EXPLORE;
    } else if (strcmp(key, "shared") == 0) {
        struct run_shared *word = &ntr->shared[ntr->request.shared_count];

        if (ntr->request.shared_count == RUN_MAX_SHARED ||
            sscanf(value, "%" SCNx64 " %" SCNx64, &word->word, &word->bytes) != 2) {
            return -1;
        }
        ntr->request.shared = ntr->shared;
        ntr->request.shared_count++;
    } else if (strcmp(key, "choice") == 0) {
        if (sscanf(value, "%x %u", &name, &count) != 2 ||
            count > MAX_SCHEDULE - replay->schedule_length) {
            return -1;
        }
        while (count-- > 0) {
            ntr->schedule[replay->schedule_length++] = name;
        }
    }
    return 0;
}

int
ntr_open(const char *path, struct options *options, struct ntr *out)
{
    struct run_search *replay = &out->replay;
    struct run_file *file;
    struct run_request archive = {0};
    const uint8_t *facts, *end;
    char *text, *line, *save;
    size_t size;
    int status = STATUS_CLEAN, number = 0;

    *out = (struct ntr){.folder = "/tmp/ntlab-XXXXXX"};
    file = request_add_file(&archive, "", path); /* stays mapped: configurations point into it */
    if (file == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    end = file->data + file->size;
    facts = find_member(file->data, end, "replay.txt", &size);
    if (facts == NULL) {
        fprintf(stderr, "ntlab: %s: not a finding of ntlab (no replay.txt in it)\n", path);
        return STATUS_BAD_INPUT;
    }
    out->schedule = calloc(MAX_SCHEDULE, sizeof(*out->schedule));
    text = strndup((const char *)facts, size);
    if (mkdtemp(out->folder) == NULL || text == NULL || out->schedule == NULL) {
        return usage_error("cannot unpack %s: %s", path, strerror(errno));
    }
    request_defaults(options, &out->request);
    out->request.boot.explore = 1;
    status = request_box(&out->request);
    for (line = strtok_r(text, "\n", &save); line != NULL && status == STATUS_CLEAN;
         line = strtok_r(NULL, "\n", &save)) {
        char *value = strchr(line, ' ');

        number++;
        if (value != NULL) {
            *value++ = 0;
            if (read_fact(out, options, line, value, file->data, end) != 0) {
                fprintf(stderr, "ntlab: %s: replay.txt line %d: `%s` makes no sense\n", path,
                        number, line);
                status = STATUS_BAD_INPUT;
            }
        }
    }
    free(text);
    for (size_t i = 1; i < options->drivers.count && status == STATUS_CLEAN; i++) {
        if ((out->replaced >> i & 1) == 0) {
            status = usage_error("%s: no such image is in %s", options->drivers.item[i], path);
        }
    }
    replay->replay = true;
    replay->schedule = out->schedule;
    out->request.explore = replay;
    return status;
}

void
ntr_close(struct ntr *ntr)
{
    for (size_t i = 0; i < ntr->request.files; i++) {
        char *path = ntr->request.file[i].host_path;

        if (strncmp(path, ntr->folder, strlen(ntr->folder)) == 0) {
            unlink(path);
            *strrchr(path, '/') = 0;
            rmdir(path);
        }
    }
    rmdir(ntr->folder);
    free(ntr->schedule);
    request_free(&ntr->request);
}
