/*
 * wrap.c - reports on a terminal: lines that are longer than it is wide go on below, between words.
 *
 * What goes into a file or a pipe stays as it is: a line there is one line, for whoever looks for it with grep.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "host/report/report.h"

#define HANGING 4  /* what goes on stands so far behind its line's beginning */
#define LEAST   40 /* narrower terminals break lines themselves */

unsigned
terminal_columns(int fd)
{
    struct winsize size;

    return isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= LEAST ? size.ws_col
                                                                                   : 0;
}

/* Bytes of an escape sequence, which takes no room; 0: it is none. */
static size_t
escape(const char *text)
{
    size_t length = 2;

    if (text[0] != '\033' || text[1] != '[') {
        return 0;
    }
    while (text[length] != 0 && (text[length] < '@' || text[length] > '~')) {
        length++;
    }
    return length + (text[length] != 0);
}

/* How much of one line fits into `room`: to its end, or up to a space behind its first words. */
static size_t
fitting(const char *line, size_t length, unsigned room)
{
    size_t best = 0, at = 0;

    for (unsigned column = 0; at < length && column <= room;) {
        size_t hidden = escape(line + at);

        if (line[at] == ' ' && column > room / 3) {
            best = at;
        }
        column += hidden == 0;
        at += hidden != 0 ? hidden : 1;
        if (at >= length && column <= room) {
            return length;
        }
    }
    return best != 0 ? best : length;
}

void
text_wrap(FILE *out, const char *text, unsigned width)
{
    while (*text != 0) {
        size_t length = strcspn(text, "\n"), indent = strspn(text, " ");
        const char *end = text + length;

        for (bool first = true; first || text < end; first = false) {
            size_t before = first ? 0 : indent + HANGING;
            size_t fits = fitting(text, (size_t)(end - text), width - (unsigned)before);

            fprintf(out, "%*s%.*s\n", (int)before, "", (int)fits, text);
            text += fits;
            text += strspn(text, " ");
        }
        text = end + (*end == '\n');
    }
}

void
text_show(const char *text)
{
    unsigned width = terminal_columns(STDERR_FILENO);

    if (width != 0) {
        text_wrap(stderr, text, width);
    } else {
        fputs(text, stderr);
    }
}

void
report_show(FILE *to, const struct report *report)
{
    unsigned width = terminal_columns(STDERR_FILENO);
    char *text = NULL;
    size_t length;
    FILE *stream = width != 0 ? open_memstream(&text, &length) : NULL;
    bool colour = width != 0 && getenv("NO_COLOR") == NULL;

    report_text(stream != NULL ? stream : to, report, colour, width);
    if (stream != NULL) {
        fclose(stream);
        text_wrap(to, text, width);
        free(text);
    }
}
