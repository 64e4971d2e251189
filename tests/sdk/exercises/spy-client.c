/*
 * spy-client.c - reads spy.sys's log in one thread, answers its questions in two others, through a completion port, and
 * lists filters and instances; a child of it opens the files.
 */
#include <DriverSpecs.h>
_Analysis_mode_(_Analysis_code_type_user_code_)

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <assert.h>
#include <fltUser.h>
#include <strsafe.h>
#include "spy.h"

#define IRP_MJ_CREATE 0
#define REQUESTS      3

#pragma pack(push, 1)
    typedef struct _SCANNER_MESSAGE {
    FILTER_MESSAGE_HEADER MessageHeader;
    ASK Notification;
    OVERLAPPED Ovlp;
} SCANNER_MESSAGE, *PSCANNER_MESSAGE;
typedef struct _SCANNER_REPLY_MESSAGE {
    FILTER_REPLY_HEADER ReplyHeader;
    ANSWER Reply;
} SCANNER_REPLY_MESSAGE, *PSCANNER_REPLY_MESSAGE;
#pragma pack(pop)
typedef struct _SCANNER_THREAD_CONTEXT {
    HANDLE Port;
    HANDLE Completion;
} SCANNER_THREAD_CONTEXT, *PSCANNER_THREAD_CONTEXT;

static volatile LONG CleaningUp, Opens, Denied, Asked;

DWORD WINAPI
RetrieveLogRecords(_In_ LPVOID lpParameter)
{
    PVOID alignedBuffer[4096 / sizeof(PVOID)];
    COMMAND_MESSAGE Message;
    PLOG_RECORD Record;
    DWORD Returned = 0, Used;
    HRESULT Result;

#pragma warning(push)
#pragma warning(disable : 4127)
    while (TRUE) {
#pragma warning(pop)
        LONG Last = CleaningUp;

        Message.Command = GetSpyLog;
        Result = FilterSendMessage(lpParameter, &Message, sizeof(COMMAND_MESSAGE), alignedBuffer,
                                   sizeof(alignedBuffer), &Returned);
        if (IS_ERROR(Result)) {
            if (Result != HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS)) {
                printf("UNEXPECTED ERROR received: %x\n", (unsigned)Result);
                break;
            }
            if (Last) {
                break;
            }
            Sleep(200);
            continue;
        }
        Record = (PLOG_RECORD)alignedBuffer;
        for (Used = 0; Used + FIELD_OFFSET(LOG_RECORD, Name) <= Returned;
             Used += Record->Length, Record = (PLOG_RECORD)Add2Ptr(Record, Record->Length)) {
            if (Record->Major == IRP_MJ_CREATE && wcsstr(Record->Name, L".doc") != NULL) {
                InterlockedIncrement(&Opens);
                Denied += Record->Status == (NTSTATUS)0xC0000022;
            }
        }
    }
    return 0;
}

DWORD
ScannerWorker(_In_ PSCANNER_THREAD_CONTEXT Context)
{
    SCANNER_REPLY_MESSAGE Reply;
    PSCANNER_MESSAGE Message;
    LPOVERLAPPED Ovlp;
    ULONG_PTR Key;
    DWORD Size, i;
    HRESULT Result;
    BOOL Bad;

    for (;;) {
        if (!GetQueuedCompletionStatus(Context->Completion, &Size, &Key, &Ovlp, INFINITE)) {
            Result = HRESULT_FROM_WIN32(GetLastError());
            break;
        }
        Message = CONTAINING_RECORD(Ovlp, SCANNER_MESSAGE, Ovlp);
        assert(Message->Notification.Bytes <= sizeof(Message->Notification.Contents));
        InterlockedIncrement(&Asked);
        Bad = FALSE;
        for (i = 0; i + 4 <= Message->Notification.Bytes; i++) {
            Bad |= memcmp(Message->Notification.Contents + i, "foul", 4) == 0;
        }
        Reply.ReplyHeader.Status = 0;
        Reply.ReplyHeader.MessageId = Message->MessageHeader.MessageId;
        Reply.Reply.SafeToOpen = !Bad;
        Result = FilterReplyMessage(Context->Port, (PFILTER_REPLY_HEADER)&Reply, sizeof(Reply));
        if (!SUCCEEDED(Result)) {
            printf("Scanner: Error replying message. Error = 0x%X\n", (unsigned)Result);
            break;
        }
        memset(&Message->Ovlp, 0, sizeof(OVERLAPPED));
        Result = FilterGetMessage(Context->Port, &Message->MessageHeader,
                                  FIELD_OFFSET(SCANNER_MESSAGE, Ovlp), &Message->Ovlp);
        if (Result != HRESULT_FROM_WIN32(ERROR_IO_PENDING)) {
            break;
        }
    }
    return Result;
}

static void
Instances(void)
{
    union {
        INSTANCE_FULL_INFORMATION Instance;
        FILTER_AGGREGATE_STANDARD_INFORMATION Filter;
        UCHAR Space[1024];
    } Buffer;
    WCHAR Instance[INSTANCE_NAME_MAX_CHARS + 1];
    DWORD Returned;
    HANDLE Find;
    HRESULT Result;
    ULONG Count = 0;

    Result = FilterFindFirst(FilterAggregateStandardInformation, &Buffer, sizeof(Buffer), &Returned,
                             &Find);
    while (SUCCEEDED(Result)) {
        Count++;
        Result = FilterFindNext(Find, FilterAggregateStandardInformation, &Buffer, sizeof(Buffer),
                                &Returned);
    }
    FilterFindClose(Find);
    printf("filters %lu", Count);
    Result = FilterInstanceFindFirst(L"spy", InstanceFullInformation, &Buffer, sizeof(Buffer),
                                     &Returned, &Find);
    for (Count = 0; SUCCEEDED(Result); Count++) {
        Result = FilterInstanceFindNext(Find, InstanceFullInformation, &Buffer, sizeof(Buffer),
                                        &Returned);
    }
    FilterInstanceFindClose(Find);
    printf(" instances %d\n", Count > 0);
    printf("detach %08lx", FilterDetach(L"spy", L"C:", NULL));
    printf(" attach %08lx", FilterAttach(L"spy", L"C:", NULL, sizeof(Instance), Instance));
    printf(" '%ls'\n", Instance);
}

static void
Child(void)
{
    HANDLE File;

    File =
        CreateFileW(L"C:\\good.doc", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    printf("good %d", File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    File = CreateFileW(L"C:\\bad.doc", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    printf(" bad %d %lu\n", File != INVALID_HANDLE_VALUE, GetLastError());
}

static void
Write(PCWSTR Name, PCSTR Text)
{
    HANDLE File = CreateFileW(Name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD Done;

    WriteFile(File, Text, (DWORD)strlen(Text), &Done, NULL);
    CloseHandle(File);
}

int _cdecl main(_In_ int argc, _In_reads_(argc) char *argv[])
{
    HANDLE Port, Ask, Thread, Workers[2] = {NULL};
    SCANNER_THREAD_CONTEXT Context;
    SCANNER_MESSAGE *Messages;
    STARTUPINFOA Startup = {sizeof(Startup)};
    PROCESS_INFORMATION Process;
    COMMAND_MESSAGE Command = {GetSpyVersion};
    ULONG Version = 0;
    char Line[MAX_PATH];
    HRESULT Result;
    DWORD Returned;

    if (argc > 1) {
        Child();
        return 0;
    }
    Result = FilterConnectCommunicationPort(SPY_PORT_NAME, 0, NULL, 0, NULL, &Port);
    if (IS_ERROR(Result)) {
        printf("Could not connect to filter: 0x%08x\n", (unsigned)Result);
        return 1;
    }
    Result = FilterConnectCommunicationPort(SPY_PORT_NAME, 0, NULL, 0, NULL, &Ask);
    printf("second connection 0x%08x\n", (unsigned)Result);
    FilterSendMessage(Port, &Command, sizeof(Command), &Version, sizeof(Version), &Returned);
    printf("version %lx %lu\n", Version, Returned);
    Write(L"C:\\good.doc", "clean words only");
    Write(L"C:\\bad.doc", "some foul words");
    Instances();

    Result = FilterConnectCommunicationPort(SPY_SCAN_PORT, 0, NULL, 0, NULL, &Ask);
    Context.Port = Ask;
    Context.Completion = CreateIoCompletionPort(Ask, NULL, 0, 2);
    Messages = calloc(2 * REQUESTS, sizeof(SCANNER_MESSAGE));
    for (DWORD i = 0; i < 2; i++) {
        Workers[i] =
            CreateThread(NULL, 0, (LPTHREAD_START_ROUTINE)ScannerWorker, &Context, 0, NULL);
        for (DWORD j = 0; j < REQUESTS; j++) {
            Result = FilterGetMessage(Ask, &Messages[i * REQUESTS + j].MessageHeader,
                                      FIELD_OFFSET(SCANNER_MESSAGE, Ovlp),
                                      &Messages[i * REQUESTS + j].Ovlp);
            assert(Result == HRESULT_FROM_WIN32(ERROR_IO_PENDING));
        }
    }
    Thread = CreateThread(NULL, 0, RetrieveLogRecords, Port, 0, NULL);

    StringCbPrintfA(Line, sizeof(Line), "\"%s\" child", argv[0]);
    fflush(stdout);
    if (!CreateProcessA(NULL, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Process)) {
        printf("CreateProcess %lu\n", GetLastError());
    }
    WaitForSingleObject(Process.hProcess, INFINITE);
    CleaningUp = TRUE;
    WaitForSingleObject(Thread, INFINITE);
    printf("asked %ld opens %ld denied %ld\n", Asked, Opens, Denied);
    CloseHandle(Context.Completion);
    CloseHandle(Ask);
    WaitForMultipleObjects(2, Workers, TRUE, INFINITE);
    free(Messages);
    CloseHandle(Port);
    return 0;
}
