/*
 * port-client.c - communication ports, the program's side.
 * [LEARN: FilterConnectCommunicationPort, FilterSendMessage, FilterGetMessage, FilterReplyMessage]
 */
#include "../ntlab-client.h"
#include <fltuser.h>
#include "port.h"

static HANDLE Port;
static LONG Replies;

static DWORD WINAPI
Replier(void *Context)
{
    struct {
        FILTER_MESSAGE_HEADER Header;
        ULONG Value;
    } Message;
    struct {
        FILTER_REPLY_HEADER Header;
        ULONG Value;
    } Reply;

    EXPECT(FilterGetMessage(Port, &Message.Header, sizeof(Message), NULL) == S_OK);
    EXPECT(Message.Value == 77);
    EXPECT(Message.Header.ReplyLength == sizeof(FILTER_REPLY_HEADER) + sizeof(ULONG));
    Reply.Header.Status = 0;
    Reply.Header.MessageId = Message.Header.MessageId + 1000;
    Reply.Value = Message.Value * 2;
    /* Nobody waits for that one. */
    EXPECT(FilterReplyMessage(Port, &Reply.Header, sizeof(Reply)) == (HRESULT)0x801F0020);
    Reply.Header.MessageId = Message.Header.MessageId;
    EXPECT(FilterReplyMessage(Port, &Reply.Header, 8) ==
           HRESULT_FROM_WIN32(ERROR_INVALID_PARAMETER));
    EXPECT(FilterReplyMessage(Port, &Reply.Header, 16 + 4) == S_OK);
    InterlockedIncrement(&Replies);
    return 0;
}

static HRESULT
Ask(ULONG Kind, ULONG Value, PULONG Answer, PDWORD Returned)
{
    TEST_REQUEST Request = {Kind, Value};

    *Answer = 0;
    *Returned = 99;
    return FilterSendMessage(Port, &Request, sizeof(Request), Answer, sizeof(*Answer), Returned);
}

/* Whatever the program hands over: an error, and the port goes on. */
static void
Malformed(void)
{
    struct {
        FILTER_MESSAGE_HEADER Header;
        ULONG Value;
    } Message;
    UCHAR Odd[64] = {0};
    PFILTER_REPLY_HEADER Reply = (PVOID)(Odd + 3); /* as no compiler would place it */
    DWORD Returned, Old;
    ULONG Answer;
    PVOID Page;

    EXPECT(FAILED(FilterGetMessage(Port, &Message.Header, sizeof(Message.Header) - 1, NULL)));
    EXPECT(FAILED(FilterGetMessage(Port, NULL, sizeof(Message), NULL)));
    EXPECT(FAILED(FilterGetMessage(Port, (PVOID)0x10, sizeof(Message), NULL)));
    EXPECT(FAILED(FilterGetMessage(Port, NULL, 0, NULL)));
    EXPECT(FAILED(FilterReplyMessage(Port, NULL, 0)));
    EXPECT(FAILED(FilterReplyMessage(Port, NULL, sizeof(*Reply))));
    EXPECT(FAILED(FilterReplyMessage(Port, (PVOID)0x10, 100)));
    EXPECT(FAILED(FilterReplyMessage(Port, Reply, sizeof(*Reply) - 1)));
    EXPECT(FilterReplyMessage(Port, Reply, sizeof(*Reply)) == (HRESULT)0x801F0020); /* no waiter */
    EXPECT(FAILED(FilterReplyMessage(Port, Reply, 0xFFFFFFFF)));
    EXPECT(FAILED(FilterSendMessage(Port, (PVOID)0x10, 4, &Answer, sizeof(Answer), &Returned)));
    EXPECT(FAILED(FilterSendMessage(Port, (PVOID)0xFFFF800000000000ull, 4, &Answer, sizeof(Answer),
                                    &Returned)));
    EXPECT(FAILED(FilterSendMessage(Port, Odd, 8, (PVOID)0x10, 4, &Returned)));
    Page = VirtualAlloc(NULL, 4096, MEM_COMMIT, PAGE_READWRITE);
    *(PULONG)Page = 0;
    VirtualProtect(Page, 4096, PAGE_READONLY, &Old);
    EXPECT(FAILED(FilterSendMessage(Port, Odd, 8, Page, 4, &Returned))); /* not to be written */
    EXPECT(SUCCEEDED(FilterSendMessage(Port, Odd, 8, NULL, 0, &Returned)) && Returned == 0);
    memset(Odd, 0, sizeof(Odd));
    *(UNALIGNED ULONG *)(Odd + 5) = 41; /* a request of kind 0 at an odd address */
    EXPECT(FilterSendMessage(Port, Odd + 1, 8, Odd + 33, 4, &Returned) == S_OK);
    EXPECT(Returned == 4 && *(UNALIGNED ULONG *)(Odd + 33) == 42);
    EXPECT(Ask(0, 41, &Answer, &Returned) == S_OK && Answer == 42);
    EXPECT(FAILED(FilterReplyMessage((HANDLE)0x1234, Reply, sizeof(*Reply))));
    EXPECT(FAILED(FilterGetMessage(NULL, &Message.Header, sizeof(Message), NULL)));
    VirtualFree(Page, 0, MEM_RELEASE);
}

/* Of a result: the system's text, else that of fltlib.dll. [MS-ERREF 2.1.1] */
static BOOL
SaysOf(HRESULT Result, const WCHAR *Text)
{
    HMODULE Library = LoadLibraryExW(L"fltlib.dll", NULL, LOAD_LIBRARY_AS_DATAFILE);
    WCHAR Said[300] = L"";

    FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_FROM_HMODULE, Library, (DWORD)Result,
                   0, Said, 300, NULL);
    FreeLibrary(Library);
    return wcscmp(Said, Text) == 0;
}

static void
Messages(void)
{
    EXPECT(SaysOf(E_ACCESSDENIED, L"Access is denied.\r\n"));
    EXPECT(SaysOf((HRESULT)0x001F0001, L"The IO was completed by a filter.\r\n"));
    EXPECT(SaysOf((HRESULT)0x801F0001,
                  L"A handler was not defined by the filter for this operation.\r\n"));
    EXPECT(SaysOf((HRESULT)0x801F0013, L"The system could not find the filter specified.\r\n"));
    EXPECT(SaysOf((HRESULT)0x801F0020,
                  L"No waiter is present for the filter's reply to this message.\r\n"));
    EXPECT(SaysOf((HRESULT)0x801F001D, L""));
}

int
main(void)
{
    HANDLE Second, Thread;
    DWORD Returned;
    ULONG Answer;

    EXPECT(FilterConnectCommunicationPort(L"\\NoSuchPort", 0, NULL, 0, NULL, &Port) ==
           HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
    EXPECT(FilterConnectCommunicationPort(TEST_PORT, 0, NULL, 4, NULL, &Port) == E_INVALIDARG);
    EXPECT(FilterConnectCommunicationPort(TEST_PORT, 0, "abc", 3, NULL, &Port) ==
           HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED)); /* the filter refuses it */
    EXPECT(FilterConnectCommunicationPort(TEST_PORT, 0, "abcd", 4, NULL, &Port) == S_OK);
    EXPECT(FAILED(FilterConnectCommunicationPort(TEST_PORT, 0, NULL, 0, NULL, &Second))); /* one */
    EXPECT(Ask(0, 41, &Answer, &Returned) == S_OK);
    EXPECT(Answer == 42 && Returned == 4);
    EXPECT(Ask(2, 0, &Answer, &Returned) == HRESULT_FROM_WIN32(ERROR_DISK_FULL));
    EXPECT(FilterSendMessage(Port, NULL, 0, NULL, 0, &Returned) ==
           HRESULT_FROM_WIN32(ERROR_INVALID_PARAMETER));
    EXPECT(FilterSendMessage(Port, (void *)0x10, 100, NULL, 0, &Returned) ==
           HRESULT_FROM_WIN32(ERROR_NOACCESS));
    Thread = CreateThread(NULL, 0, Replier, NULL, 0, NULL);
    EXPECT(Ask(1, 77, &Answer, &Returned) == S_OK);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT(Answer == 154 && Replies == 1);
    EXPECT(Ask(4, 1, &Answer, &Returned) == S_OK);
    EXPECT(Answer == 0x102); /* STATUS_TIMEOUT */
    Malformed();
    Messages();
    EXPECT(Ask(3, 0, &Answer, &Returned) == S_OK);
    EXPECT(FAILED(Ask(0, 1, &Answer, &Returned))); /* disconnected */
    CloseHandle(Port);
    /* The filter was told: it can be connected to again. */
    EXPECT(FilterConnectCommunicationPort(TEST_PORT, 1 /* FLT_PORT_FLAG_SYNC_HANDLE */, NULL, 0,
                                          NULL, &Port) == S_OK);
    EXPECT(Ask(0, 1, &Answer, &Returned) == S_OK && Answer == 2);
    CloseHandle(Port);
    return TEST_DONE();
}
