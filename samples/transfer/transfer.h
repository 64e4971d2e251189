/*
 * transfer.h - what driver and client share.
 *
 * Three devices, \\.\TransferBuffered, \\.\TransferDirect and \\.\TransferNeither, differ in their flags only: WriteFile
 * moves up to TRANSFER_SIZE bytes into the one buffer that they share, ReadFile moves them out. Every device takes every
 * IOCTL, because the method of an IOCTL is in its code and not in the device.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#define TRANSFER_SIZE 1024

#define TRANSFER_CODE(Function, Method)                                                            \
    CTL_CODE(FILE_DEVICE_UNKNOWN, Function, Method, FILE_ANY_ACCESS)

#define IOCTL_PUT_BUFFERED TRANSFER_CODE(0x800, METHOD_BUFFERED)
#define IOCTL_PUT_IN_DIRECT                                                                        \
    TRANSFER_CODE(0x801, METHOD_IN_DIRECT) /* the data is the *output* buffer */
#define IOCTL_GET_OUT_DIRECT TRANSFER_CODE(0x802, METHOD_OUT_DIRECT)
#define IOCTL_PUT_NEITHER    TRANSFER_CODE(0x803, METHOD_NEITHER) /* probed */
#define IOCTL_GET_PROBED     TRANSFER_CODE(0x804, METHOD_NEITHER)
#define IOCTL_GET_UNPROBED   TRANSFER_CODE(0x805, METHOD_NEITHER) /* the mistake */
#define IOCTL_FACTS          TRANSFER_CODE(0x806, METHOD_BUFFERED)

/* What the last transfer's IRP came with, and the driver's own memory that a hostile client aims at. */
typedef struct TRANSFER_FACTS {
    ULONG64 SystemBuffer; /* a block of pool that the I/O manager allocated */
    ULONG64 MdlAddress;
    ULONG64 MappedAddress; /* what the driver got for the MDL */
    ULONG64 UserAddress;   /* what the driver used of Irp->UserBuffer or Type3InputBuffer */
    ULONG PoolBytes;
    ULONG CopiedByIo; /* bytes that the I/O manager copies for such a request */
    ULONG PagesLocked;
    ULONG PagesMapped;
    ULONG64 VictimAddress;
    UCHAR Victim[16];
    UCHAR Shared[16];
} TRANSFER_FACTS;

#endif
