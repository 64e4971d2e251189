/*
 * toml.c - reading TOML (toml.h).
 *
 * Source: toml.io, "TOML v1.0.0".
 */
#include "host/project/toml.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32

struct reader {
    const char *at, *end, *line_start;
    unsigned line;
    struct toml_error *error;
    jmp_buf failed;
    char *text; /* of the string being read */
    size_t length, room;
};

static unsigned
column_of(const struct reader *reader)
{
    return (unsigned)(reader->at - reader->line_start) + 1;
}

static void __attribute__((noreturn, format(printf, 4, 5)))
fail_at(struct reader *reader, unsigned line, unsigned column, const char *format, ...)
{
    va_list arguments;

    reader->error->line = line;
    reader->error->column = column;
    va_start(arguments, format);
    vsnprintf(reader->error->message, sizeof(reader->error->message), format, arguments);
    va_end(arguments);
    longjmp(reader->failed, 1);
}

#define FAIL(reader, ...) fail_at(reader, (reader)->line, column_of(reader), __VA_ARGS__)

static void *
grow(void *array, size_t count, size_t *room, size_t size)
{
    if (count == *room) {
        *room = *room ? *room * 2 : 8;
        array = realloc(array, *room * size);
        if (array == NULL) {
            abort();
        }
    }
    return array;
}

static struct toml *
add_item(struct toml *parent)
{
    parent->item = grow(parent->item, parent->items, &parent->room, sizeof(*parent->item));
    parent->item[parent->items] = (struct toml){0};
    return &parent->item[parent->items++];
}

static struct toml *
find(struct toml *table, const char *key)
{
    for (size_t i = 0; i < table->items; i++) {
        if (strcmp(table->item[i].key, key) == 0) {
            return &table->item[i];
        }
    }
    return NULL;
}

/* ---- characters ---- */

static int
peek(const struct reader *reader)
{
    return reader->at < reader->end ? (unsigned char)*reader->at : -1;
}

static int
take(struct reader *reader)
{
    int c = peek(reader);

    if (c >= 0) {
        reader->at++;
        if (c == '\n') {
            reader->line++;
            reader->line_start = reader->at;
        }
    }
    return c;
}

static bool
starts(const struct reader *reader, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(reader->end - reader->at) >= length && memcmp(reader->at, text, length) == 0;
}

static void
skip_blanks(struct reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t') {
        take(reader);
    }
}

static void
skip_comment(struct reader *reader)
{
    if (peek(reader) == '#') {
        while (peek(reader) >= 0 && peek(reader) != '\n') {
            int c = take(reader);

            if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F) {
                FAIL(reader, "a control character in a comment");
            }
        }
    }
}

/* Line ends, blanks and comments. */
static void
skip_lines(struct reader *reader)
{
    for (;;) {
        skip_blanks(reader);
        skip_comment(reader);
        if (starts(reader, "\r\n")) {
            take(reader);
        }
        if (peek(reader) != '\n') {
            return;
        }
        take(reader);
    }
}

static void
expect_line_end(struct reader *reader)
{
    skip_blanks(reader);
    skip_comment(reader);
    if (starts(reader, "\r\n")) {
        take(reader);
    }
    if (peek(reader) >= 0 && peek(reader) != '\n') {
        FAIL(reader, "the line should end here");
    }
}

/* ---- strings ---- */

static void
put(struct reader *reader, int c)
{
    reader->text = grow(reader->text, reader->length, &reader->room, 1);
    reader->text[reader->length++] = (char)c;
}

static char *
finish(struct reader *reader)
{
    char *copy;

    put(reader, 0);
    copy = strdup(reader->text);
    reader->length = 0;
    return copy;
}

static void
put_utf8(struct reader *reader, unsigned long code)
{
    if (code < 0x80) {
        put(reader, (int)code);
    } else if (code < 0x800) {
        put(reader, (int)(0xC0 | code >> 6));
        put(reader, (int)(0x80 | (code & 63)));
    } else if (code < 0x10000) {
        put(reader, (int)(0xE0 | code >> 12));
        put(reader, (int)(0x80 | (code >> 6 & 63)));
        put(reader, (int)(0x80 | (code & 63)));
    } else {
        put(reader, (int)(0xF0 | code >> 18));
        put(reader, (int)(0x80 | (code >> 12 & 63)));
        put(reader, (int)(0x80 | (code >> 6 & 63)));
        put(reader, (int)(0x80 | (code & 63)));
    }
}

static void
escape(struct reader *reader, bool lines)
{
    static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
    int c = peek(reader);
    const char *known = c > 0 ? strchr(from, c) : NULL;

    if (known != NULL) {
        take(reader);
        put(reader, to[known - from]);
        return;
    }
    if (c == 'u' || c == 'U') {
        unsigned long code = 0;

        take(reader);
        for (int i = 0; i < (c == 'u' ? 4 : 8); i++) {
            int digit = peek(reader);

            if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') ||
                  (digit >= 'A' && digit <= 'F'))) {
                FAIL(reader, "\\%c needs %d hexadecimal digits", c, c == 'u' ? 4 : 8);
            }
            code = code * 16 + (unsigned)(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
            take(reader);
        }
        if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
            FAIL(reader, "\\%c%lX is no character", c, code);
        }
        put_utf8(reader, code);
        return;
    }
    if (lines && (c == '\n' || c == ' ' || c == '\t' || c == '\r')) {
        skip_blanks(reader);
        if (peek(reader) == '\r') {
            take(reader);
        }
        if (peek(reader) != '\n') {
            FAIL(reader, "a backslash before blanks needs the end of the line behind them");
        }
        while (peek(reader) == '\n' || peek(reader) == ' ' || peek(reader) == '\t' ||
               peek(reader) == '\r') {
            take(reader);
        }
        return;
    }
    FAIL(reader, "an unknown escape; a backslash is written \\\\, or the string in '...'");
}

static char *
read_string(struct reader *reader)
{
    int quote = peek(reader);
    bool literal = quote == '\'', lines = starts(reader, literal ? "'''" : "\"\"\"");
    const char *ending = literal ? lines ? "'''" : "'" : lines ? "\"\"\"" : "\"";
    unsigned line = reader->line, column = column_of(reader);

    reader->length = 0;
    for (size_t i = 0; i < strlen(ending); i++) {
        take(reader);
    }
    if (lines && starts(reader, "\r\n")) {
        take(reader);
    }
    if (lines && peek(reader) == '\n') {
        take(reader);
    }
    while (!starts(reader, ending)) {
        int c = peek(reader);

        if (c < 0 || (c == '\n' && !lines)) {
            fail_at(reader, line, column, "this string does not end");
        }
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
            FAIL(reader, "a control character in a string");
        }
        take(reader);
        if (c == '\\' && !literal) {
            escape(reader, lines);
        } else {
            put(reader, c);
        }
    }
    for (size_t i = 0; i < strlen(ending); i++) {
        take(reader);
    }
    for (int i = 0; lines && i < 2 && peek(reader) == quote; i++) { /* up to two may stand before */
        put(reader, take(reader));
    }
    return finish(reader);
}

static bool
is_bare(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static char *
read_key(struct reader *reader)
{
    if (peek(reader) == '"' || peek(reader) == '\'') {
        if (starts(reader, "\"\"\"") || starts(reader, "'''")) {
            FAIL(reader, "a key cannot have several lines");
        }
        return read_string(reader);
    }
    if (!is_bare(peek(reader))) {
        FAIL(reader, "a key is expected here");
    }
    reader->length = 0;
    while (is_bare(peek(reader))) {
        put(reader, take(reader));
    }
    return finish(reader);
}

/* ---- values ---- */

static void read_value(struct reader *reader, struct toml *out, int depth);

static bool
all_digits(const char *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

static bool
is_date(const char *text)
{
    return strlen(text) == 10 && text[4] == '-' && text[7] == '-' && all_digits(text, 0, 4) &&
           all_digits(text, 5, 7) && all_digits(text, 8, 10) && atoi(text + 5) >= 1 &&
           atoi(text + 5) <= 12 && atoi(text + 8) >= 1 && atoi(text + 8) <= 31;
}

static void
read_plain(struct reader *reader, struct toml *out)
{
    char word[64], number[64], *end;
    size_t length = 0, digits = 0;
    int base = 10;

    while (is_bare(peek(reader)) || peek(reader) == '+' || peek(reader) == '.' ||
           peek(reader) == ':') {
        if (length + 1 == sizeof(word)) {
            FAIL(reader, "a value is expected here; a string needs quotes");
        }
        word[length++] = (char)take(reader);
    }
    word[length] = 0;
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
        out->type = TOML_BOOLEAN;
        out->boolean = word[0] == 't';
        return;
    }
    if (is_date(word)) {
        out->type = TOML_DATE;
        out->string = strdup(word);
        return;
    }
    for (size_t i = 0; i <= length; i++) { /* 1_000 */
        if (word[i] == '_' && (i == 0 || word[i - 1] == '_' || word[i + 1] == 0)) {
            digits = 0;
            break;
        }
        if (word[i] != '_') {
            number[digits++] = word[i];
        }
    }
    if (digits > 2 && number[0] == '0' && strchr("xob", number[1]) != NULL) {
        base = number[1] == 'x' ? 16 : number[1] == 'o' ? 8 : 2;
    }
    out->type = TOML_INTEGER;
    out->integer = digits > 1 ? strtoll(number + (base != 10 ? 2 : 0), &end, base) : 0;
    if (digits <= 1 || *end != 0 || end == number + (base != 10 ? 2 : 0) ||
        (base == 10 && number[0] == '0' && digits > 2)) {
        fail_at(reader, out->line, out->column,
                length == 0                 ? "a value is expected here"
                : strchr(word, '.') != NULL ? "numbers with a point are not known here"
                : strchr(word, ':') != NULL ? "times of day are not known here"
                                            : "`%s` is no value; a string needs quotes",
                word);
    }
}

static void
read_array(struct reader *reader, struct toml *out, int depth)
{
    out->type = TOML_ARRAY;
    take(reader);
    for (;;) {
        skip_lines(reader);
        if (peek(reader) == ']') {
            take(reader);
            return;
        }
        read_value(reader, add_item(out), depth + 1);
        skip_lines(reader);
        if (peek(reader) == ',') {
            take(reader);
        } else if (peek(reader) != ']') {
            FAIL(reader, "`,` or `]` is expected here");
        }
    }
}

static void read_pair(struct reader *reader, struct toml *table, int depth);

static void
read_inline(struct reader *reader, struct toml *out, int depth)
{
    out->type = TOML_TABLE;
    take(reader);
    skip_blanks(reader);
    while (peek(reader) != '}') {
        read_pair(reader, out, depth + 1);
        skip_blanks(reader);
        if (peek(reader) == ',') {
            take(reader);
            skip_blanks(reader);
            if (peek(reader) == '}') {
                FAIL(reader, "no `,` before `}`");
            }
        } else if (peek(reader) != '}') {
            FAIL(reader, "`,` or `}` is expected here");
        }
    }
    take(reader);
    out->closed = true;
}

static void
read_value(struct reader *reader, struct toml *out, int depth)
{
    out->line = reader->line;
    out->column = column_of(reader);
    if (depth > MAX_DEPTH) {
        FAIL(reader, "nested too deeply");
    }
    switch (peek(reader)) {
    case '"':
    case '\'':
        out->type = TOML_STRING;
        out->string = read_string(reader);
        break;
    case '[':
        read_array(reader, out, depth);
        break;
    case '{':
        read_inline(reader, out, depth);
        break;
    default:
        read_plain(reader, out);
    }
}

/* a.b.c = value: all tables but the last key are made, or were made so before. */
static void
read_pair(struct reader *reader, struct toml *table, int depth)
{
    for (;;) {
        unsigned line = reader->line, column = column_of(reader);
        char *key = read_key(reader);
        struct toml *known = find(table, key), *item;

        skip_blanks(reader);
        if (peek(reader) == '.') {
            take(reader);
            skip_blanks(reader);
            if (known != NULL && (known->type != TOML_TABLE || known->closed || known->defined)) {
                fail_at(reader, line, column, "`%s` stands in line %u already", key, known->line);
            }
            if (known == NULL) {
                known = add_item(table);
                known->type = TOML_TABLE;
                known->key = key;
                known->line = line;
                known->column = column;
            }
            table = known;
            continue;
        }
        if (known != NULL) {
            fail_at(reader, line, column, "`%s` stands in line %u already", key, known->line);
        }
        if (peek(reader) != '=') {
            FAIL(reader, "`=` is expected here");
        }
        take(reader);
        skip_blanks(reader);
        item = add_item(table);
        item->key = key;
        read_value(reader, item, depth);
        return;
    }
}

/* [a.b] or [[a.b]]: the table that the lines below belong to. */
static struct toml *
read_header(struct reader *reader, struct toml *root)
{
    struct toml *table = root;
    bool array = starts(reader, "[[");

    take(reader);
    if (array) {
        take(reader);
    }
    for (;;) {
        unsigned line, column;
        struct toml *known;
        char *key;
        bool last;

        skip_blanks(reader);
        line = reader->line;
        column = column_of(reader);
        key = read_key(reader);
        skip_blanks(reader);
        last = peek(reader) != '.';
        known = find(table, key);
        if (known == NULL) {
            known = add_item(table);
            known->key = key;
            known->type = last && array ? TOML_ARRAY : TOML_TABLE;
            known->tables = last && array;
            known->line = line;
            known->column = column;
        } else if (known->closed || (last && array && !known->tables) ||
                   (last && !array && (known->type != TOML_TABLE || known->defined)) ||
                   (!last && known->type != TOML_TABLE && !known->tables)) {
            fail_at(reader, line, column, "`%s` stands in line %u already", key, known->line);
        }
        if (last && array) {
            known = add_item(known);
            known->type = TOML_TABLE;
            known->line = line;
            known->column = column;
        } else if (known->tables) {
            known = &known->item[known->items - 1];
        }
        table = known;
        if (last) {
            break;
        }
        take(reader);
    }
    if (peek(reader) != ']' || (array && !starts(reader, "]]"))) {
        FAIL(reader, array ? "`]]` is expected here" : "`]` is expected here");
    }
    take(reader);
    if (array) {
        take(reader);
    }
    table->defined = true;
    return table;
}

static void
read_all(struct reader *reader, struct toml *root)
{
    struct toml *table = root;

    for (;;) {
        skip_lines(reader);
        if (peek(reader) < 0) {
            return;
        }
        if (peek(reader) == '[') {
            table = read_header(reader, root);
        } else {
            read_pair(reader, table, 0);
        }
        expect_line_end(reader);
    }
}

/* Nothing of this routine changes after setjmp. */
static bool
read_or_fail(struct reader *reader, struct toml *root)
{
    if (setjmp(reader->failed) != 0) {
        return false;
    }
    if (memchr(reader->at, 0, (size_t)(reader->end - reader->at)) != NULL) {
        FAIL(reader, "a zero byte: this is no text");
    }
    read_all(reader, root);
    return true;
}

struct toml *
toml_parse(const char *text, size_t size, struct toml_error *error)
{
    struct reader reader = {.at = text, .end = text + size, .line_start = text, .line = 1};
    struct toml *root = calloc(1, sizeof(*root));
    bool good;

    if (root == NULL) {
        abort();
    }
    root->type = TOML_TABLE;
    root->line = root->column = 1;
    reader.error = error;
    good = read_or_fail(&reader, root);
    free(reader.text);
    if (!good) {
        toml_free(root);
        return NULL;
    }
    return root;
}

static void
free_inside(struct toml *toml)
{
    for (size_t i = 0; i < toml->items; i++) {
        free_inside(&toml->item[i]);
    }
    free(toml->item);
    free(toml->string);
    free(toml->key);
}

void
toml_free(struct toml *toml)
{
    if (toml != NULL) {
        free_inside(toml);
        free(toml);
    }
}

const struct toml *
toml_get(const struct toml *table, const char *key)
{
    return table == NULL ? NULL : find((struct toml *)table, key);
}

const char *
toml_type_name(enum toml_type type)
{
    static const char *const names[] = {"a string", "a number", "true or false",
                                        "a date",   "a list",   "a table"};

    return names[type];
}
