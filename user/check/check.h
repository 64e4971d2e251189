/*
 * check.h - between the files of the client of `ntlab check`: ntlabcheck.c says what it does, content.c what buffers hold,
 * activity.c what drivers watch that ask for notifications.
 */
#ifndef CHECK_H
#define CHECK_H

#include <windows.h>
#include <winternl.h>

#define PATIENCE_MS 200
#define BUFFER_SIZE 0x11000
#define KERNEL_SPACE                                                                               \
    ((PVOID)0x0000451234560000ull) /* where pool lies: a program has no business there */

#define MAX_REQUESTS 64
#define MAX_HINTS    32
typedef struct _REQUEST {
    ULONG Code, In, Out;
    /* host/check/hints.c: what the driver compares with. */
    ULONG Lengths, Anywhere, Hints;
    ULONG Length[8], Any[12];
    struct {
        ULONG Offset, Value;
    } Hint[MAX_HINTS]; /* by offset */
} REQUEST, *PREQUEST;

extern REQUEST Requests[MAX_REQUESTS];
extern ULONG RequestCount;
extern UCHAR *Input, *Output;

void MakeUnicode(const char *Text, PUNICODE_STRING Out, WCHAR *Buffer, ULONG Size);
NTSTATUS OpenDevice(PHANDLE Handle);
NTSTATUS Control(HANDLE Device, HANDLE Event, PIO_STATUS_BLOCK Block, ULONG Code, PVOID In,
                 ULONG InLength, PVOID Out, ULONG OutLength);
void Hostile(HANDLE Device, HANDLE Event, ULONG Code, UCHAR *In, UCHAR *Out);

void Everything(HANDLE Device);

/* content.c */
void ParseRequests(int argc, char **argv, int From);
int Fuzz(void);
int Sequence(ULONG Steps);
/* files.c */
int Files(int argc, char **argv);
int TryAttach(const char *Service);
/* activity.c */
int Activity(void);

#endif
