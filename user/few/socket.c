/*
 * socket.c - the routines of Windows Sockets that make or take a socket, on a machine without a transport protocol.
 *
 * None is enumerated, and to make a socket fails with WSAEAFNOSUPPORT. So no handle is a socket, and whatever takes one
 * fails with WSAENOTSOCK. All of it only after WSAStartup. [LEARN: socket, WSAEnumProtocols, Windows Sockets Error Codes]
 */
#include <winsock2.h>
#include <ws2tcpip.h>
#include "user/few/ws2.h"

static SOCKET
WspNoNetwork(VOID)
{
    static LONG Told;

    if (WspStarted == 0) {
        SetLastError(WSANOTINITIALISED);
        return INVALID_SOCKET;
    }
    if (InterlockedExchange(&Told, 1) == 0) {
        OutputDebugStringA(
            "ws2_32: there is no network here: socket() fails with WSAEAFNOSUPPORT\n");
    }
    SetLastError(WSAEAFNOSUPPORT);
    return INVALID_SOCKET;
}

static int
WspNotASocket(VOID)
{
    SetLastError(WspStarted == 0 ? WSANOTINITIALISED : WSAENOTSOCK);
    return SOCKET_ERROR;
}

/* None: the buffer need not be there. */
int WSAAPI
WSAEnumProtocolsW(LPINT Protocols, LPWSAPROTOCOL_INFOW Buffer, LPDWORD Length)
{
    if (WspStarted == 0) {
        return WspNotASocket();
    }
    *Length = 0;
    return 0;
}

int WSAAPI
WSAEnumProtocolsA(LPINT Protocols, LPWSAPROTOCOL_INFOA Buffer, LPDWORD Length)
{
    return WSAEnumProtocolsW(Protocols, NULL, Length);
}

SOCKET WSAAPI
socket(int Family, int Type, int Protocol)
{
    return WspNoNetwork();
}

SOCKET WSAAPI
WSASocketA(int Family, int Type, int Protocol, LPWSAPROTOCOL_INFOA Info, GROUP Group, DWORD Flags)
{
    return WspNoNetwork();
}

SOCKET WSAAPI
WSASocketW(int Family, int Type, int Protocol, LPWSAPROTOCOL_INFOW Info, GROUP Group, DWORD Flags)
{
    return WspNoNetwork();
}

SOCKET WSAAPI
accept(SOCKET Socket, struct sockaddr *Address, int *Length)
{
    return (SOCKET)WspNotASocket();
}

#define TAKES_A_SOCKET(Name, ...)                                                                  \
    int WSAAPI Name(SOCKET Socket, ##__VA_ARGS__)                                                  \
    {                                                                                              \
        return WspNotASocket();                                                                    \
    }

TAKES_A_SOCKET(bind, const struct sockaddr *Address, int Length)
TAKES_A_SOCKET(closesocket)
TAKES_A_SOCKET(connect, const struct sockaddr *Address, int Length)
TAKES_A_SOCKET(getpeername, struct sockaddr *Address, int *Length)
TAKES_A_SOCKET(getsockname, struct sockaddr *Address, int *Length)
TAKES_A_SOCKET(getsockopt, int Level, int Option, char *Value, int *Length)
TAKES_A_SOCKET(ioctlsocket, long Command, u_long *Argument)
TAKES_A_SOCKET(listen, int Backlog)
TAKES_A_SOCKET(recv, char *Buffer, int Length, int Flags)
TAKES_A_SOCKET(recvfrom, char *Buffer, int Length, int Flags, struct sockaddr *From,
               int *FromLength)
TAKES_A_SOCKET(send, const char *Buffer, int Length, int Flags)
TAKES_A_SOCKET(sendto, const char *Buffer, int Length, int Flags, const struct sockaddr *To,
               int ToLength)
TAKES_A_SOCKET(setsockopt, int Level, int Option, const char *Value, int Length)
TAKES_A_SOCKET(shutdown, int How)
TAKES_A_SOCKET(WSAEventSelect, WSAEVENT Event, long Events)
TAKES_A_SOCKET(WSAIoctl, DWORD Code, LPVOID In, DWORD InLength, LPVOID Out, DWORD OutLength,
               LPDWORD Returned, LPWSAOVERLAPPED Overlapped,
               LPWSAOVERLAPPED_COMPLETION_ROUTINE Routine)
TAKES_A_SOCKET(WSARecv, LPWSABUF Buffers, DWORD Count, LPDWORD Received, LPDWORD Flags,
               LPWSAOVERLAPPED Overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE Routine)
TAKES_A_SOCKET(WSASend, LPWSABUF Buffers, DWORD Count, LPDWORD Sent, DWORD Flags,
               LPWSAOVERLAPPED Overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE Routine)

BOOL WSAAPI
WSAGetOverlappedResult(SOCKET Socket, LPWSAOVERLAPPED Overlapped, LPDWORD Transferred, BOOL Wait,
                       LPDWORD Flags)
{
    WspNotASocket();
    return FALSE;
}
