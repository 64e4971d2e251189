/*
 * memory.c - dq dd dw db dp da du: memory as the run has left it; memory that is not there is `?`.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "host/debug/debug.h"

#define DEFAULT_BYTES 128
#define MOST_BYTES    (1u << 20)
#define MOST_TEXT     256

static void
dump_text(struct debug *debug, uint64_t address, unsigned width, uint64_t most)
{
    uint64_t at = 0;

    debug_print64(debug->out, address);
    fputs("  \"", debug->out);
    for (; at < most; at++) {
        uint16_t c = 0;

        if (!debug_read(debug, address + at * width, &c, width)) {
            fputs(at == 0 ? "????" : "", debug->out);
            break;
        }
        if (c == 0) {
            break;
        }
        fputc(c >= 0x20 && c < 0x7F ? c : '.', debug->out);
    }
    fputs("\"\n", debug->out);
    debug->dump = address + (at + 1) * width;
}

static void
dump_bytes(struct debug *debug, uint64_t address, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += 16) {
        uint64_t part = bytes - at < 16 ? bytes - at : 16;
        char text[17] = {0};

        debug_print64(debug->out, address + at);
        fputs("  ", debug->out);
        for (uint64_t i = 0; i < 16; i++) {
            uint8_t byte;

            if (i >= part) {
                fputs("   ", debug->out);
            } else if (debug_read(debug, address + at + i, &byte, 1)) {
                fprintf(debug->out, "%02x%c", byte, i == 7 && part > 8 ? '-' : ' ');
                text[i] = isprint(byte) ? (char)byte : '.';
            } else {
                fprintf(debug->out, "??%c", i == 7 && part > 8 ? '-' : ' ');
                text[i] = '?';
            }
        }
        fprintf(debug->out, " %s\n", text);
    }
    debug->dump = address + bytes;
}

static void
dump_units(struct debug *debug, uint64_t address, unsigned width, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += width) {
        uint64_t value = 0;

        if (at % 16 == 0) {
            fputs(at ? "\n" : "", debug->out);
            debug_print64(debug->out, address + at);
            fputc(' ', debug->out);
        }
        fputc(' ', debug->out);
        if (!debug_read(debug, address + at, &value, width)) {
            fputs(width == 8 ? "????????`????????" : width == 4 ? "????????" : "????", debug->out);
        } else if (width == 8) {
            debug_print64(debug->out, value);
        } else {
            fprintf(debug->out, "%0*lx", (int)width * 2, value);
        }
    }
    fputc('\n', debug->out);
    debug->dump = address + bytes;
}

/* "L10" units, or the address of the last byte. */
static bool
length_of(struct debug *debug, const char *word, uint64_t address, unsigned width, uint64_t *bytes)
{
    uint64_t end;

    if (word[0] == 'L' || word[0] == 'l') {
        if (!debug_evaluate(debug, word + 1, &end)) {
            return false;
        }
        *bytes = end > MOST_BYTES ? MOST_BYTES + 1ull : end * width;
    } else {
        if (!debug_evaluate(debug, word, &end)) {
            return false;
        }
        *bytes = end - address + 1;
    }
    if (*bytes == 0 || *bytes > MOST_BYTES) {
        fprintf(debug->out, "`%s` is no length up to %x bytes\n", word, MOST_BYTES);
        return false;
    }
    return true;
}

void
command_dump(struct debug *debug, const struct arguments *arguments)
{
    char kind = debug->dump_kind;
    unsigned width = kind == 'b' || kind == 'a'   ? 1
                     : kind == 'w' || kind == 'u' ? 2
                     : kind == 'd'                ? 4
                                                  : 8;
    uint64_t address = debug->dump,
             bytes = kind == 'a' || kind == 'u' ? MOST_TEXT * width : DEFAULT_BYTES;

    if (arguments->count > 2) {
        fprintf(debug->out, "d%c [ADDRESS [LN]]\n", kind);
        return;
    }
    if ((arguments->count > 0 && !debug_evaluate(debug, arguments->word[0], &address)) ||
        (arguments->count > 1 && !length_of(debug, arguments->word[1], address, width, &bytes))) {
        return;
    }
    if (kind == 'a' || kind == 'u') {
        dump_text(debug, address, width, bytes / width);
    } else if (kind == 'b') {
        dump_bytes(debug, address, bytes);
    } else {
        dump_units(debug, address, width, bytes);
    }
}
