/*
 * columns.c - the schedule of a finding as a listing: time goes down, each thread has a column.
 *
 * Where a column would be too narrow to read, lanes stand in their place: a mark under the thread's
 * letter, and what it did to the right of all lanes.
 */
#include <stdlib.h>
#include <string.h>
#include "host/report/story.h"

#define MARGIN      6  /* the number of the choice */
#define LEAST       26 /* characters of a column */
#define WIDTH       120
#define MOST_COLUMN 60

struct sheet {
    FILE *out;
    const struct report *report;
    const struct story *story;
    const char *strong, *end;
    unsigned width, column, columns;
    bool lanes;
};

static unsigned
default_width(void)
{
    const char *columns = getenv("COLUMNS");

    if (columns != NULL && atoi(columns) >= 40 && atoi(columns) < 1000) {
        return (unsigned)atoi(columns);
    }
    return WIDTH;
}

static unsigned
column_of(const struct sheet *sheet, size_t agent)
{
    return (unsigned)(sheet->story->agent[agent].letter - 'A');
}

/* How much of `text` goes on a line of `room`: up to a space, or a place to break a name. */
static size_t
piece(const char *text, size_t room)
{
    size_t length = strlen(text), best = 0;

    if (length <= room) {
        return length;
    }
    for (size_t i = 1; i <= room; i++) {
        if (text[i] == ' ') {
            best = i;
        }
    }
    for (size_t i = 1; i <= room && best <= room / 3; i++) { /* a name longer than the column */
        if (text[i - 1] == '(' || text[i - 1] == '.') {
            best = i;
        }
    }
    return best > room / 3 ? best : room;
}

/* One text in one column, over as many lines as it needs. */
static void
cell(const struct sheet *sheet, unsigned column, const char *number, const char *text, bool strong)
{
    unsigned indent = sheet->lanes ? 2 * sheet->columns + 1 : column * (sheet->column + 1);
    unsigned room = sheet->lanes ? sheet->width - MARGIN - indent : sheet->column;

    for (bool first = true; *text != 0; first = false) {
        size_t length = piece(text, room);

        fprintf(sheet->out, "%*s ", MARGIN - 1, first ? number : "");
        if (sheet->lanes) {
            for (unsigned i = 0; i < sheet->columns; i++) {
                fprintf(sheet->out, "%c ", i != column ? '.' : first ? 'A' + (char)i : '|');
            }
            fputc(' ', sheet->out);
        } else {
            fprintf(sheet->out, "%*s", indent, "");
        }
        fprintf(sheet->out, "%s%.*s%s\n", strong ? sheet->strong : "", (int)length, text,
                strong ? sheet->end : "");
        text += length;
        text += strspn(text, " ");
    }
}

/* A shared lock that one cannot share: somebody waits for all of it. */
static void
add_claimant(const struct sheet *sheet, const struct wait *wait, char *out, size_t size)
{
    const struct report *report = sheet->report;

    for (size_t i = 0; i < report->threads; i++) {
        const struct thread *thread = &report->thread[i];

        if (thread->waits == 0 || thread->wait[0].object != wait->object ||
            strcmp(thread->wait[0].access, "exclusive") != 0) {
            continue;
        }
        for (size_t j = 0; j < sheet->story->agents; j++) {
            const struct story_agent *agent = &sheet->story->agent[j];

            if (agent->name == thread->agent && agent->letter != 0) {
                snprintf(out + strlen(out), size - strlen(out), ", and %c waits for all of it",
                         agent->letter);
                return;
            }
        }
    }
}

/* Who has what a thread waits for in the end. */
static void
add_owner(const struct sheet *sheet, size_t agent, char *out, size_t size)
{
    const struct report *report = sheet->report;

    for (size_t i = 0; i < report->threads; i++) {
        const struct thread *thread = &report->thread[i];

        if (thread->agent != sheet->story->agent[agent].name || thread->waits == 0) {
            continue;
        }
        for (size_t j = 0; j < sheet->story->agents; j++) {
            const struct story_agent *owner = &sheet->story->agent[j];

            if (thread->wait[0].owners != 0 && owner->object == thread->wait[0].owner[0] &&
                owner->letter != 0) {
                snprintf(out + strlen(out), size - strlen(out), ": %s has it",
                         j == agent ? "it itself" : (char[]){owner->letter, 0});
            }
        }
        if (strcmp(thread->wait[0].access, "shared") == 0 &&
            strcmp(thread->wait[0].held, "shared") == 0) {
            add_claimant(sheet, &thread->wait[0], out, size);
        }
    }
}

static void
print_step(const struct sheet *sheet, size_t index)
{
    const struct story_step *step = &sheet->story->step[index];
    char number[16] = "", text[400];

    if (step->choice != 0) {
        snprintf(number, sizeof(number), "%u", step->choice);
    }
    snprintf(text, sizeof(text), "%s%s%s%s", step->what, step->times_out ? ", which times out" : "",
             step->where[0] != 0 ? "  " : "", step->where);
    cell(sheet, column_of(sheet, step->agent), number, text, false);
    if (step->blocks && strcmp(sheet->report->kind, "suspend-dos") == 0) {
        cell(sheet, column_of(sheet, step->agent), "", "** waits until the other one is resumed",
             true);
    } else if (step->blocks) {
        strcpy(text, "** waits for ever");
        add_owner(sheet, step->agent, text, sizeof(text));
        cell(sheet, column_of(sheet, step->agent), "", text, true);
    }
}

/* The thread whose turn it was, at a step that preempts it. */
static void
print_preemption(const struct sheet *sheet, size_t index)
{
    const struct story *story = sheet->story;

    for (size_t i = index; i-- > 0;) {
        if (story->step[i].agent != story->step[index].agent &&
            story->agent[story->step[i].agent].letter != 0) {
            cell(sheet, column_of(sheet, story->step[i].agent), "", "-- is held up here --", true);
            return;
        }
        if (story->step[i].agent == story->step[index].agent) {
            return;
        }
    }
}

/* Threads that nobody preempts, and that are held up from step `index` on. */
static void
print_holds(const struct sheet *sheet, size_t index)
{
    const struct story *story = sheet->story;

    for (size_t i = 0; i < story->holds; i++) {
        const struct story_hold *hold = &story->hold[i];
        char text[64], time[32];

        if (hold->preempted || hold->from != index) {
            continue;
        }
        if (hold->until_100ns > hold->from_100ns) {
            story_seconds(hold->until_100ns - hold->from_100ns, time, sizeof(time));
            snprintf(text, sizeof(text), "-- is held up for %s --", time);
        } else {
            snprintf(text, sizeof(text), "-- is held up here --");
        }
        cell(sheet, column_of(sheet, hold->agent), "", text, true);
    }
}

static void
describe(const struct sheet *sheet, const struct story_agent *agent, char *out, size_t size)
{
    const struct report *report = sheet->report;
    const char *process = NULL;
    char start[300] = "";

    for (size_t i = 0; i < report->threads; i++) {
        if (report->thread[i].agent == agent->name) {
            process = report->thread[i].name;
            if (agent->start == NULL && report->thread[i].start_place != NULL) {
                place_name(report->thread[i].start_place, start, sizeof(start));
            }
        }
    }
    if (agent->start != NULL) {
        place_name(agent->start, start, sizeof(start));
    }
    snprintf(out, size, "%c: ", agent->letter);
    if (agent->tid != 0) {
        snprintf(out + strlen(out), size - strlen(out), "%04lx.%04lx ", agent->pid, agent->tid);
    }
    snprintf(out + strlen(out), size - strlen(out), "%s%s%s", start,
             process != NULL && *start != 0 ? ", " : "", process != NULL ? process : "");
}

static void
print_heads(const struct sheet *sheet)
{
    for (unsigned column = 0; column < sheet->columns; column++) {
        for (size_t i = 0; i < sheet->story->agents; i++) {
            char text[400];

            if (sheet->story->agent[i].letter == 'A' + (char)column) {
                describe(sheet, &sheet->story->agent[i], text, sizeof(text));
                fprintf(sheet->out, "%*s %s\n", MARGIN - 1, "", text);
            }
        }
    }
    if (!sheet->lanes) {
        fprintf(sheet->out, "%*s ", MARGIN - 1, "");
        for (unsigned column = 0; column < sheet->columns; column++) {
            fprintf(sheet->out, "%s%c%s%*s", sheet->strong, 'A' + (char)column, sheet->end,
                    column + 1 < sheet->columns ? (int)sheet->column : 0, "");
        }
        fputc('\n', sheet->out);
    }
}

static void
print_end(const struct sheet *sheet)
{
    const struct report *report = sheet->report;
    char text[64];

    if (strcmp(report->kind, "livelock") == 0) {
        fprintf(sheet->out, "%*s and so on, for ever\n", MARGIN - 1, "");
        return;
    }
    if (sheet->story->hangs || report->threads == 0 || strcmp(report->kind, "suspend-dos") == 0) {
        return;
    }
    for (size_t i = 0; i < sheet->story->agents; i++) {
        if (sheet->story->agent[i].name == report->thread[0].agent &&
            sheet->story->agent[i].letter != 0) {
            if (report->result->stop.verdict == ABI_BUGCHECK) {
                snprintf(text, sizeof(text), "** bugcheck 0x%X", report->result->stop.code);
            } else {
                snprintf(text, sizeof(text), "** %s", report->kind);
            }
            cell(sheet, column_of(sheet, i), "", text, true);
            return;
        }
    }
}

void
story_columns(FILE *out, const struct report *report, unsigned width, const char *strong,
              const char *end)
{
    struct sheet sheet = {.out = out,
                          .report = report,
                          .story = report->story,
                          .strong = strong,
                          .end = end,
                          .width = width != 0 ? width : default_width()};
    uint32_t choice = 0;

    if (sheet.story == NULL || sheet.story->shown == 0) {
        return;
    }
    for (size_t i = 0; i < sheet.story->agents; i++) {
        sheet.columns += sheet.story->agent[i].letter != 0;
    }
    sheet.column = (sheet.width - MARGIN) / sheet.columns - 1;
    sheet.lanes = sheet.column < LEAST;
    sheet.column = sheet.column < MOST_COLUMN ? sheet.column : MOST_COLUMN;
    print_heads(&sheet);
    for (size_t i = 0; i < sheet.story->steps; i++) {
        const struct story_step *step = &sheet.story->step[i];

        if (step->preempts) {
            print_preemption(&sheet, i);
        }
        print_holds(&sheet, i);
        if (step->shown) {
            print_step(&sheet, i);
        }
        choice = step->choice != 0 ? step->choice : choice;
    }
    print_end(&sheet);
}
