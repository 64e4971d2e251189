/*
 * names.c - file names that a driver knows: texts of two bytes a character in its image.
 *
 * A filter that hides, guards or scans does so for names that it compares with, and does nothing for others. What looks
 * like a name's last part becomes a file of the client's (user/check/ntlabcheck.c, `files`). Names of devices, of
 * registry keys and formats are left out; a file too many does no harm.
 */
#include <stdio.h>
#include <string.h>
#include "host/check/check.h"

#define LEAST_NAME 4
#define MOST_NAME  40

static bool
is_plain(uint8_t character)
{
    return character >= 0x20 && character < 0x7F;
}

static void
add_name(char (*out)[64], size_t *count, size_t most, const char *text)
{
    const char *last = strrchr(text, '\\');
    char name[64];

    if (strstr(text, "Device") != NULL || strstr(text, "Registry") != NULL ||
        strstr(text, "??") != NULL || strstr(text, "REGISTRY") != NULL) {
        return;
    }
    last = last != NULL ? last + 1 : text;
    snprintf(name, sizeof(name), "%s%.50s", *last == '.' ? "x" : "", last);
    if (strlen(name) < LEAST_NAME || strpbrk(name, "%\"*?<>|:/{} ") != NULL || *count == most) {
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(out[i], name) == 0) {
            return;
        }
    }
    memcpy(out[(*count)++], name, sizeof(name));
}

size_t
names_find(const uint8_t *file, size_t size, char (*out)[64], size_t most)
{
    char text[MOST_NAME + 1];
    size_t count = 0;

    for (size_t at = 0; at + 1 < size;) {
        size_t length = 0;

        while (at + 2 * length + 1 < size && is_plain(file[at + 2 * length]) &&
               file[at + 2 * length + 1] == 0) {
            if (length < MOST_NAME) {
                text[length] = (char)file[at + 2 * length];
            }
            length++;
        }
        if (length >= LEAST_NAME && length <= MOST_NAME) {
            text[length] = 0;
            add_name(out, &count, most, text);
        }
        at += length != 0 ? 2 * length : 1;
    }
    return count;
}
