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
