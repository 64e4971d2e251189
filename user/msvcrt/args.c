/*
 * args.c - the command line becomes arguments.
 *
 * Microsoft's documented rules: blanks separate; a part in double quotes is one argument; 2n
 * backslashes before a quote are n backslashes and the quote delimits, 2n+1 are n backslashes and a
 * quote; two quotes within a quoted part are one quote. The program's name takes no escapes.
 * With wildcards asked for, an argument that has * or ? outside quotes becomes the files' names
 * that match, in the order of the directory, or stays if there is none.
 */
#include "crt.h"

typedef struct {
    wchar_t **Items;
    int Count, Room;
} LIST;

static int
Add(LIST *List, const wchar_t *Text, size_t Length)
{
    wchar_t *Copy;

    if (List->Count + 1 >= List->Room) {
        int Room = List->Room * 2 + 8;
        wchar_t **Items = realloc(List->Items, Room * sizeof(*Items));

        if (Items == NULL) {
            return -1;
        }
        List->Items = Items;
        List->Room = Room;
    }
    Copy = malloc((Length + 1) * sizeof(wchar_t));
    if (Copy == NULL) {
        return -1;
    }
    memcpy(Copy, Text, Length * sizeof(wchar_t));
    Copy[Length] = 0;
    List->Items[List->Count++] = Copy;
    List->Items[List->Count] = NULL;
    return 0;
}

static int
AddMatches(LIST *List, const wchar_t *Pattern, size_t Length)
{
    WIN32_FIND_DATAW Found;
    HANDLE Search;
    size_t Folder = Length;
    int Before = List->Count, Status = 0;
    wchar_t *Text;

    while (Folder > 0 && Pattern[Folder - 1] != '\\' && Pattern[Folder - 1] != '/' &&
           Pattern[Folder - 1] != ':') {
        Folder--;
    }
    Text = malloc((Length + MAX_PATH + 1) * sizeof(wchar_t));
    if (Text == NULL) {
        return -1;
    }
    memcpy(Text, Pattern, Length * sizeof(wchar_t));
    Text[Length] = 0;
    Search = FindFirstFileW(Text, &Found);
    if (Search != INVALID_HANDLE_VALUE) {
        do {
            if (wcscmp(Found.cFileName, L".") != 0 && wcscmp(Found.cFileName, L"..") != 0) {
                wcscpy(Text + Folder, Found.cFileName);
                Status = Add(List, Text, wcslen(Text));
            }
        } while (Status == 0 && FindNextFileW(Search, &Found));
        FindClose(Search);
    }
    free(Text);
    if (Status == 0 && List->Count == Before) {
        Status = Add(List, Pattern, Length);
    }
    return Status;
}

int
CrtParseArguments(const wchar_t *Line, int Expand, int *Count, wchar_t ***Arguments)
{
    LIST List = {0};
    const wchar_t *p = Line;
    wchar_t *Text = malloc((wcslen(Line) + 1) * sizeof(wchar_t));
    size_t Length = 0;
    int Quoted = 0, Status;

    if (Text == NULL) {
        return -1;
    }
    while (*p != 0 && (Quoted || (*p != ' ' && *p != '\t'))) {
        if (*p == '"') {
            Quoted = !Quoted;
        } else {
            Text[Length++] = *p;
        }
        p++;
    }
    Status = Add(&List, Text, Length);

    while (Status == 0) {
        int Wild = 0;

        while (*p == ' ' || *p == '\t') {
            p++;
        }
        if (*p == 0) {
            break;
        }
        Quoted = 0;
        Length = 0;
        while (*p != 0 && (Quoted || (*p != ' ' && *p != '\t'))) {
            size_t Slashes = 0;

            while (*p == '\\') {
                p++;
                Slashes++;
            }
            if (*p == '"') {
                size_t i;

                for (i = 0; i < Slashes / 2; i++) {
                    Text[Length++] = '\\';
                }
                if (Slashes % 2 != 0) {
                    Text[Length++] = '"';
                } else if (Quoted && p[1] == '"') {
                    Text[Length++] = '"';
                    p++;
                } else {
                    Quoted = !Quoted;
                }
                p++;
                continue;
            }
            while (Slashes-- > 0) {
                Text[Length++] = '\\';
            }
            if (*p == 0 || (!Quoted && (*p == ' ' || *p == '\t'))) {
                break;
            }
            Wild |= !Quoted && (*p == '*' || *p == '?');
            Text[Length++] = *p++;
        }
        Status = Expand && Wild ? AddMatches(&List, Text, Length) : Add(&List, Text, Length);
    }
    free(Text);
    *Count = List.Count;
    *Arguments = List.Items;
    return Status;
}
