/*
 * ws2_32.c - Windows Sockets without a network: start-up, byte order, addresses as text, names of this machine.
 *
 * What makes or takes a socket is in socket.c. [LEARN: WSAStartup, inet_addr, InetPton,
 * getaddrinfo with AI_NUMERICHOST]
 */
#include <winsock2.h>
#include <ws2tcpip.h>
#include "user/few/ws2.h"

BOOL WINAPI
DllMain(HINSTANCE Module, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

/* 2.2 is offered; WSANOTINITIALISED is what all else says before. */
LONG WspStarted;

int WSAAPI
WSAStartup(WORD Version, LPWSADATA Data)
{
    if (Data == NULL) {
        return WSAEFAULT;
    }
    if (LOBYTE(Version) == 0) {
        return WSAVERNOTSUPPORTED;
    }
    RtlZeroMemory(Data, sizeof(*Data));
    Data->wVersion = LOBYTE(Version) > 2 || (LOBYTE(Version) == 2 && HIBYTE(Version) > 2)
                         ? MAKEWORD(2, 2)
                         : Version;
    Data->wHighVersion = MAKEWORD(2, 2);
    strcpy(Data->szDescription, "WinSock 2.0");
    strcpy(Data->szSystemStatus, "Running");
    InterlockedIncrement(&WspStarted);
    return 0;
}

int WSAAPI
WSACleanup(VOID)
{
    if (WspStarted == 0) {
        SetLastError(WSANOTINITIALISED);
        return SOCKET_ERROR;
    }
    InterlockedDecrement(&WspStarted);
    return 0;
}

int WSAAPI
WSAGetLastError(VOID)
{
    return (int)GetLastError();
}

VOID WSAAPI
WSASetLastError(int Error)
{
    SetLastError((DWORD)Error);
}

u_short WSAAPI
htons(u_short Value)
{
    return (u_short)(Value << 8 | Value >> 8);
}

u_short WSAAPI
ntohs(u_short Value)
{
    return htons(Value);
}

u_long WSAAPI
htonl(u_long Value)
{
    return Value << 24 | (Value & 0xFF00) << 8 | (Value >> 8 & 0xFF00) | Value >> 24;
}

u_long WSAAPI
ntohl(u_long Value)
{
    return htonl(Value);
}

/* "a.b.c.d", "a.b.c", "a.b", "a": the last part fills what is left; decimal, 0octal, 0xhex. */
unsigned long WSAAPI
inet_addr(const char *Text)
{
    unsigned long long Part[4], Address = 0;
    int Parts = 0;

    for (;;) {
        unsigned Base = 10;
        unsigned long long Value = 0;
        const char *First;

        if (Parts == 4) {
            return INADDR_NONE;
        }
        if (Text[0] == '0' && (Text[1] == 'x' || Text[1] == 'X')) {
            Base = 16;
            Text += 2;
        } else if (Text[0] == '0' && Text[1] != 0 && Text[1] != '.') {
            Base = 8;
            Text++;
        }
        for (First = Text;; Text++) {
            unsigned Digit = *Text >= '0' && *Text <= '9'   ? (unsigned)(*Text - '0')
                             : *Text >= 'a' && *Text <= 'f' ? (unsigned)(*Text - 'a' + 10)
                             : *Text >= 'A' && *Text <= 'F' ? (unsigned)(*Text - 'A' + 10)
                                                            : 99;

            if (Digit >= Base || Value > 0xFFFFFFFF) {
                break;
            }
            Value = Value * Base + Digit;
        }
        if (Text == First) {
            return INADDR_NONE;
        }
        Part[Parts++] = Value;
        if (*Text != '.') {
            break;
        }
        Text++;
    }
    if (*Text != 0 && *Text != ' ') {
        return INADDR_NONE;
    }
    for (int i = 0; i < Parts; i++) {
        BOOL Last = i == Parts - 1;
        unsigned long long Most = Last ? 0xFFFFFFFFull >> (8 * i) : 0xFF;

        if (Part[i] > Most) {
            return INADDR_NONE;
        }
        Address |= Last ? Part[i] : Part[i] << (24 - 8 * i);
    }
    return htonl((u_long)Address);
}

static char *
PutNumber(char *At, unsigned Value)
{
    if (Value >= 100) {
        *At++ = (char)('0' + Value / 100);
    }
    if (Value >= 10) {
        *At++ = (char)('0' + Value / 10 % 10);
    }
    *At++ = (char)('0' + Value % 10);
    return At;
}

static int
PutAddress(const unsigned char *Bytes, char *Text)
{
    char *At = Text;

    for (int i = 0; i < 4; i++) {
        At = PutNumber(At, Bytes[i]);
        *At++ = '.';
    }
    At[-1] = 0;
    return (int)(At - Text); /* with the zero */
}

/* In memory of the thread: its TEB's room for short strings. */
char *WSAAPI
inet_ntoa(struct in_addr Address)
{
    char *Text = (char *)NtCurrentTeb()->StaticUnicodeBuffer;

    PutAddress((const unsigned char *)&Address, Text);
    return Text;
}

int WSAAPI
inet_pton(int Family, const char *Text, void *Address)
{
    unsigned char Bytes[4];
    int Part = 0;

    if (Family != AF_INET) {
        SetLastError(WSAEAFNOSUPPORT);
        return -1;
    }
    while (Part < 4) {
        int Value = 0, Digits = 0;

        while (*Text >= '0' && *Text <= '9' && Digits < 3) {
            Value = Value * 10 + *Text++ - '0';
            Digits++;
        }
        if (Digits == 0 || Value > 255 || *Text != (Part < 3 ? '.' : 0)) {
            return 0;
        }
        Bytes[Part++] = (unsigned char)Value;
        Text++;
    }
    RtlCopyMemory(Address, Bytes, 4);
    return 1;
}

const char *WSAAPI
inet_ntop(int Family, const void *Address, char *Text, size_t Room)
{
    char Full[16];

    if (Family != AF_INET) {
        SetLastError(WSAEAFNOSUPPORT);
        return NULL;
    }
    if ((size_t)PutAddress(Address, Full) > Room) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return strcpy(Text, Full);
}

int WSAAPI
GetHostNameW(PWSTR Name, int Room)
{
    DWORD Size = (DWORD)Room;

    if (WspStarted == 0) {
        SetLastError(WSANOTINITIALISED);
        return SOCKET_ERROR;
    }
    if (!GetComputerNameExW(ComputerNameDnsHostname, Name, &Size)) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    return 0;
}

int WSAAPI
gethostname(char *Name, int Room)
{
    DWORD Size = (DWORD)Room;

    if (WspStarted == 0) {
        SetLastError(WSANOTINITIALISED);
        return SOCKET_ERROR;
    }
    if (!GetComputerNameExA(ComputerNameDnsHostname, Name, &Size)) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    return 0;
}
