/*
 * run_request.c - collects what a run needs before its worker starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host/machine/run.h"

/* Maps a host file, or notes a folder. NULL with errno set if it cannot be read. */
struct run_file *
request_add_file(struct run_request *request, const char *guest_path, const char *host_path)
{
    struct run_file file = {0};
    struct run_file *grown;
    struct stat info;
    int fd = open(host_path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &info) != 0 || request->files == RUN_MAX_FILES) {
        close(fd);
        errno = request->files == RUN_MAX_FILES ? EMFILE : errno;
        return NULL;
    }
    file.directory = S_ISDIR(info.st_mode);
    if (!file.directory && !S_ISREG(info.st_mode)) {
        close(fd);
        errno = EINVAL;
        return NULL;
    }
    file.data = (const uint8_t *)"";
    if (!file.directory && info.st_size > 0) {
        file.size = (size_t)info.st_size;
        file.data = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    if (file.data == MAP_FAILED) {
        return NULL;
    }
    grown = realloc(request->file, (request->files + 1) * sizeof(*grown));
    file.guest_path = strdup(guest_path);
    file.host_path = strdup(host_path);
    if (grown == NULL || file.guest_path == NULL || file.host_path == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    request->file = grown;
    request->file[request->files] = file;
    return &request->file[request->files++];
}

void
request_free(struct run_request *request)
{
    for (size_t i = 0; i < request->files; i++) {
        if (request->file[i].size != 0) {
            munmap((void *)request->file[i].data, request->file[i].size);
        }
        free(request->file[i].guest_path);
        free(request->file[i].host_path);
    }
    free(request->file);
    request->file = NULL;
    request->files = 0;
}
