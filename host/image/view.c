/*
 * view.c - reading an image by rva, whether it is still a file or already mapped.
 *
 * A file's bytes lie where its section table says; what a section has in memory beyond its data
 * reads as zero. Everything that interprets an untrusted image reads through this file (I2).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "host/image/internal.h"

static int
error_set(struct image_error *err, int result, uint32_t code, uint64_t offset, const char *format,
          va_list list)
{
    if (err) {
        err->code = code;
        err->offset = offset;
        vsnprintf(err->message, sizeof err->message, format, list);
    }
    return result;
}

int
image_error_set(struct image_error *err, int result, uint32_t code, uint64_t offset,
                const char *format, ...)
{
    va_list list;

    va_start(list, format);
    error_set(err, result, code, offset, format, list);
    va_end(list);
    return result;
}

int
image_malformed(struct image_error *err, uint64_t offset, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    error_set(err, -ENOEXEC, ABI_IMAGE_MALFORMED, offset, format, list);
    va_end(list);
    return -ENOEXEC;
}

/* The section whose pages hold rva; sections ascend (parse.c checked it). */
const struct pe_section *
pe_section_at(const struct pe *pe, uint32_t rva)
{
    unsigned low = 0, high = pe->sections;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (pe->section[middle].rva <= rva) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low ? &pe->section[low - 1] : NULL;
}

bool
pe_executable(const struct pe *pe, uint32_t rva)
{
    const struct pe_section *section = pe_section_at(pe, rva);

    return section && rva - section->rva < section->size &&
           (section->characteristics & PE_SCN_EXECUTE);
}

uint32_t
pe_span(const struct pe *pe, uint32_t rva, const uint8_t **data)
{
    const struct pe_section *section;
    uint32_t end;

    *data = NULL;
    if (rva >= pe->size) {
        return 0;
    }
    if (pe->mapped) {
        *data = pe->mapped + rva;
        return pe->size - rva;
    }
    section = pe_section_at(pe, rva);
    if (!section) {
        if (rva < pe->headers_size) {
            *data = pe->file + rva;
            return pe->headers_size - rva;
        }
        end = pe->sections ? pe->section[0].rva : pe->size;
        return end - rva;
    }
    if (rva - section->rva < section->raw_size) {
        *data = pe->file + section->raw + (rva - section->rva);
        return section->raw_size - (rva - section->rva);
    }
    end = section + 1 < pe->section + pe->sections ? section[1].rva : pe->size;
    return end - rva;
}

bool
pe_read(const struct pe *pe, uint32_t rva, void *out, uint32_t size)
{
    uint8_t *to = out;

    while (size) {
        const uint8_t *data;
        uint32_t span = pe_span(pe, rva, &data);

        if (!span) {
            return false;
        }
        if (span > size) {
            span = size;
        }
        if (data) {
            memcpy(to, data, span);
        } else {
            memset(to, 0, span);
        }
        to += span;
        rva += span; /* no overflow: rva + span <= pe->size */
        size -= span;
    }
    return true;
}

const char *
pe_string(const struct pe *pe, uint32_t rva, uint32_t max)
{
    const uint8_t *data;
    uint32_t span = pe_span(pe, rva, &data);

    if (!span) {
        return NULL;
    }
    if (!data) {
        return "";
    }
    return memchr(data, 0, span < max ? span : max) ? (const char *)data : NULL;
}

uint32_t
pe_offset(const struct pe *pe, uint32_t rva)
{
    const struct pe_section *section = pe_section_at(pe, rva);

    if (!section) {
        return rva < pe->headers_size ? rva : 0;
    }
    return rva - section->rva < section->raw_size ? section->raw + (rva - section->rva) : 0;
}
