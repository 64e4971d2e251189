/*
 * html.c - findings as one self-contained page.
 */
#include "host/report/note.h"

void
html_write(FILE *out, const struct note_head *head, const struct note *note, size_t count)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>ntlab: ", out);
    markup_text(out, head->subject);
    fputs("</title>\n<body>\n<p>", out);
    markup_text(out, head->summary);
    fputs("</p>\n", out);
    for (size_t i = 0; i < count; i++) {
        fputs("<pre>", out);
        markup_text(out, note[i].text);
        fputs("</pre>\n", out);
    }
    fputs("</body></html>\n", out);
}
