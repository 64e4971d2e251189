/*
 * toml.h - reading TOML 1.0, as far as ntlab.toml needs it, strictly.
 *
 * Tables, arrays of tables, dotted keys, strings of all four kinds, integers, booleans, dates, arrays, inline tables. Not: floats
 * and times of day, which are refused with their place. Every value knows its line and column, so that whoever finds it wrong
 * can say where it stands.
 */
#ifndef HOST_PROJECT_TOML_H
#define HOST_PROJECT_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum toml_type { TOML_STRING, TOML_INTEGER, TOML_BOOLEAN, TOML_DATE, TOML_ARRAY, TOML_TABLE };

struct toml {
    enum toml_type type;
    char *key; /* of a table's member; NULL in an array */
    unsigned line, column;
    char *string; /* of a string or a date */
    int64_t integer;
    bool boolean;
    struct toml *item; /* of an array or a table, in the file's order */
    size_t items, room;
    bool closed;  /* of a table: nothing may be added any more */
    bool defined; /* of a table: its header has been seen */
    bool tables;  /* of an array: made by [[ ]] */
};

struct toml_error {
    unsigned line, column;
    char message[200];
};

/* NULL with the error filled in. */
struct toml *toml_parse(const char *text, size_t size, struct toml_error *error);
void toml_free(struct toml *toml);
const struct toml *toml_get(const struct toml *table, const char *key);
const char *toml_type_name(enum toml_type type);

#endif
