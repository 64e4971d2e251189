/*
 * html.c - --html: findings, their stories and timelines as one page that needs nothing else.
 *
 * page/ has the page's style, body and script, which the build makes arrays of. What they show is one JSON object in
 * a script element that is no script; `<` is escaped in it, so that no text of a driver can end that element.
 */
#include <stdlib.h>
#include <string.h>
#include "host/cli/cli.h"
#include "host/report/note.h"
#include "page.inc"

/* JSON within HTML: `<` stands in strings only. */
static void
write_safely(FILE *out, const char *json)
{
    const char *next;

    while ((next = strchr(json, '<')) != NULL) {
        fwrite(json, 1, (size_t)(next - json), out);
        fputs("\\u003c", out);
        json = next + 1;
    }
    fputs(json, out);
}

static void
write_string(FILE *out, const char *before, const char *text)
{
    char *json = NULL;
    size_t length;
    FILE *stream = open_memstream(&json, &length);

    fputs(before, out);
    if (stream == NULL) {
        fputs("\"\"", out);
        return;
    }
    json_string(stream, text);
    fclose(stream);
    write_safely(out, json);
    free(json);
}

static void
write_run(FILE *out, const struct note *note)
{
    write_string(out, "{\"rule\":", note->rule);
    write_string(out, ",\"severity\":", note->severity);
    write_string(out, ",\"where\":", note->where);
    write_string(out, ",\"schedule\":", note->schedule);
    write_string(out, ",\"origin\":", note->origin);
    write_string(out, ",\"why\":", note->why);
    if (note->timeline != NULL) {
        fputs(",", out);
        write_safely(out, note->timeline + 1); /* an object: its members, and its end */
        return;
    }
    write_string(out, ",\"kind\":", note->kind[0] != 0 ? note->kind : "clean");
    write_string(out, ",\"message\":", note->message);
    write_string(out, ",\"fingerprint\":", note->fingerprint);
    write_string(out, ",\"text\":", note->text);
    fputs("}", out);
}

void
html_write(FILE *out, const struct note_head *head, const struct note *note, size_t count)
{
    char subject[600];

    snprintf(subject, sizeof(subject), head->build != 0 ? "%s %s on %s (build %u)" : "%s %s on %s",
             head->command, head->subject, head->os, head->build);
    fputs(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>ntlab: ",
        out);
    markup_text(out, head->subject);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n%s", page_css, page_html);
    fputs("<script type=\"application/json\" id=\"data\">\n{\"schema\":1", out);
    write_string(out, ",\"subject\":", subject);
    write_string(out, ",\"summary\":", head->summary);
    if (head->table != NULL) {
        write_string(out, ",\"table\":", head->table);
    }
    fputs(",\"runs\":[\n", out);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ",\n" : "", out);
        write_run(out, &note[i]);
    }
    if (count == 0) { /* a search that found nothing */
        write_string(
            out, "{\"rule\":\"\",\"severity\":\"\",\"where\":\"\",\"kind\":\"clean\",\"message\":",
            head->summary);
        fputs("}", out);
    }
    fprintf(out, "\n]}\n</script>\n<script>\n%s</script>\n</body>\n</html>\n", page_js);
}
