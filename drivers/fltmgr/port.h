/*
 * port.h - what port.c and message.c share.
 */
#ifndef FLTP_PORT_H
#define FLTP_PORT_H

#include "fltp.h"
#include <ntlab-fltioctl.h>

typedef struct _FLTP_SERVER {
    FLTP_OBJECT Header; /* Links: FltpPorts */
    LONG References;
    PFLT_FILTER Filter;
    UNICODE_STRING Name;
    PSECURITY_DESCRIPTOR Descriptor;
    PVOID Cookie;
    PFLT_CONNECT_NOTIFY Connect;
    PFLT_DISCONNECT_NOTIFY Disconnect;
    PFLT_MESSAGE_NOTIFY Message;
    LONG MaxConnections;
    LONG Connections;
} FLTP_SERVER, *PFLTP_SERVER;

typedef struct _FLTP_CONNECTION {
    FLTP_OBJECT Header; /* Links: the filter's Clients */
    LONG References;
    PFLTP_SERVER Server;
    PVOID Cookie;
    LONG Disconnected; /* the callback has been called */
    LONG Closed;       /* the filter has let go */
    BOOLEAN Cut;
    KSPIN_LOCK Lock;
    LIST_ENTRY Messages; /* FLTP_MESSAGE: waiting to be fetched, or for the reply */
    IO_CSQ Csq;
    KSPIN_LOCK CsqLock;
    LIST_ENTRY Getters; /* IRPs that wait for a message */
} FLTP_CONNECTION, *PFLTP_CONNECTION;

/* On the sender's stack; on the list until it has gone. */
typedef struct _FLTP_MESSAGE {
    LIST_ENTRY Links;
    ULONGLONG Id;
    PVOID Data;
    ULONG Length;
    PVOID Reply;
    ULONG ReplyRoom;
    ULONG ReplyLength;
    BOOLEAN Fetched;
    NTSTATUS Status;
    KEVENT Done;
} FLTP_MESSAGE, *PFLTP_MESSAGE;

VOID FltpDereferenceConnection(PFLTP_CONNECTION Connection);
VOID FltpInitializeConnection(PFLTP_CONNECTION Connection);
NTSTATUS FltpMessageControl(PFLTP_CONNECTION Connection, PIRP Irp, PIO_STACK_LOCATION Stack);

#endif
