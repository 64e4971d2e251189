/*
 * demo_table.c - a table made by running: a row for each line of demo.txt, a column for each version.
 *
 *     table | title | heading of the rows | heading of the results | heading of what the client said
 *     row | expected | arguments of ntlab run
 *     …                                             up to an empty line
 *
 * `--os A,B,C` in the arguments makes a column for each, and `expected` a list with commas; else there is one column, with
 * the heading of the results. The last column, what the client wrote, is there if it has a heading. A cell says what came
 * of the run; where that is not as expected, it says so and the run's output follows the table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host/cli/cli.h"
#include "host/cli/demo.h"

#define MAX_ROWS    64
#define MAX_COLUMNS 8

struct table {
    char *title, *rows_heading, *result_heading, *said_heading;
    char *row[MAX_ROWS], *expected[MAX_ROWS], *arguments[MAX_ROWS];
    size_t rows, columns;
    char version[MAX_COLUMNS][16];
    int row_width, cell_width;
    char *wrong[MAX_ROWS * MAX_COLUMNS]; /* output of the runs that did not end as expected */
    size_t wrongs;
};

/* The versions of `--os A,B`; a table has the same ones in each row. */
static void
find_versions(struct table *table, const char *arguments)
{
    const char *at = strstr(arguments, "--os ");

    at = at != NULL ? at + 5 + strspn(at + 5, " ") : "";
    if (strcspn(at, ",") >= strcspn(at, " ")) {
        return;
    }
    while (table->columns < MAX_COLUMNS && *at != 0 && *at != ' ') {
        size_t length = strcspn(at, ", ");

        snprintf(table->version[table->columns++], sizeof(table->version[0]), "%.*s", (int)length,
                 at);
        at += length + (at[length] == ',');
    }
}

static int
read_rows(struct table *table, FILE *in)
{
    char *line = NULL;
    size_t size = 0;
    int status = 0;

    while (status == 0 && getline(&line, &size, in) > 0 && *demo_trimmed(line) != 0) {
        size_t i = table->rows;

        if (line[0] == '#') {
            continue;
        }
        if (i == MAX_ROWS) {
            status = usage_error("demo.txt: too many rows");
            break;
        }
        table->row[i] = strdup(line);
        table->expected[i] = demo_field(table->row[i], '|');
        table->arguments[i] = table->expected[i] ? demo_field(table->expected[i], '|') : NULL;
        if (table->arguments[i] == NULL) {
            free(table->row[i]);
            status = usage_error("demo.txt: `%s` is not `row | expected | arguments`", line);
            break;
        }
        table->row[i] = demo_trimmed(table->row[i]);
        if ((int)strlen(table->row[i]) > table->row_width) {
            table->row_width = (int)strlen(table->row[i]);
        }
        table->rows++;
    }
    free(line);
    return status;
}

static void
print_cell(struct table *table, struct demo_result *result, const char *expected)
{
    char text[160];

    if (result->as_expected) {
        snprintf(text, sizeof(text), "%s", result->got);
    } else {
        snprintf(text, sizeof(text), "%s (NOT %.60s)", result->got, expected);
        table->wrong[table->wrongs++] = result->output;
        result->output = NULL;
    }
    fprintf(stderr, "  %-*s", table->cell_width, text);
    fflush(stderr);
    free(result->output);
}

static int
run_row(struct demo *demo, struct table *table, size_t row)
{
    char *expected = table->expected[row];
    struct demo_result result = {0};
    int status = 0;

    fprintf(stderr, "%-*s", table->row_width, table->row[row]);
    for (size_t i = 0; status == 0 && i < (table->columns ? table->columns : 1); i++) {
        char *next = table->columns ? demo_field(expected, ',') : NULL;
        char *arguments = strdup(table->arguments[row]);

        expected = demo_trimmed(expected);
        status = demo_run(demo, arguments, table->columns ? table->version[i] : NULL, expected,
                          true, &result);
        free(arguments);
        if (status == 0) {
            print_cell(table, &result, expected);
        }
        expected = next ? next : expected; /* the last one holds for the rest */
    }
    fprintf(stderr, "%s%s\n", table->said_heading ? "  " : "",
            table->said_heading ? result.said : "");
    return status;
}

/* The command of the first cell, for who wants to see it alone. */
static void
print_heading(struct table *table)
{
    fprintf(stderr, "\n=== %s\n\n%-*s", table->title, table->row_width, table->rows_heading);
    for (size_t i = 0; i < table->columns; i++) {
        fprintf(stderr, "  %-*s", table->cell_width, table->version[i]);
    }
    if (table->columns == 0) {
        fprintf(stderr, "  %-*s", table->cell_width, table->result_heading);
    }
    fprintf(stderr, "%s%s\n", table->said_heading ? "  " : "",
            table->said_heading ? table->said_heading : "");
}

int
demo_table(struct demo *demo, char *first, void *in)
{
    struct table *table = calloc(1, sizeof(*table));
    int status;

    table->title = demo_field(first, '|');
    table->rows_heading = table->title ? demo_field(table->title, '|') : NULL;
    table->result_heading = table->rows_heading ? demo_field(table->rows_heading, '|') : NULL;
    table->said_heading = table->result_heading ? demo_field(table->result_heading, '|') : NULL;
    if (table->result_heading == NULL) {
        free(table);
        return usage_error("demo.txt: `%s` is not `table | title | rows | results`", first);
    }
    table->title = demo_trimmed(table->title);
    table->rows_heading = demo_trimmed(table->rows_heading);
    table->result_heading = demo_trimmed(table->result_heading);
    table->said_heading = table->said_heading ? demo_trimmed(table->said_heading) : NULL;
    table->row_width = (int)strlen(table->rows_heading);
    status = read_rows(table, in);
    if (status == 0 && table->rows != 0) {
        find_versions(table, table->arguments[0]);
        table->cell_width = table->columns ? 8 : (int)strlen(table->result_heading);
        table->cell_width = table->cell_width < 13 && !table->columns ? 13 : table->cell_width;
        print_heading(table);
    }
    for (size_t i = 0; status == 0 && i < table->rows; i++) {
        status = run_row(demo, table, i);
    }
    for (size_t i = 0; i < table->wrongs; i++) {
        fprintf(stderr, "\n%s", table->wrong[i]);
        free(table->wrong[i]);
    }
    for (size_t i = 0; i < table->rows; i++) {
        free(table->row[i]);
    }
    free(table);
    return status;
}
