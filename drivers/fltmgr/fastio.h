/*
 * fastio.h - one fast I/O call on its way: fastio.c, fastmdl.c.
 */
#ifndef FASTIO_H
#define FASTIO_H

#include "fltp.h"

typedef struct _FLTP_FAST {
    PFLTP_OPERATION Operation; /* NULL: nobody wants it */
    PFLT_PARAMETERS P;
    PFAST_IO_DISPATCH Lower;
    PDEVICE_OBJECT LowerDevice;
    PFLT_INSTANCE First;
    BOOLEAN Fails; /* no memory: use an IRP */
} FLTP_FAST, *PFLTP_FAST;

/* FALSE: nobody wants it, and the driver below is asked at once (unless it Fails). */
BOOLEAN FltpBegin(PFLTP_FAST Fast, PDEVICE_OBJECT DeviceObject, UCHAR Major, UCHAR Minor,
                  PFILE_OBJECT FileObject);
/* The same below an instance; NULL: from the top. */
BOOLEAN FltpBeginBelow(PFLTP_FAST Fast, PDEVICE_OBJECT DeviceObject, PFLT_INSTANCE After,
                       UCHAR Major, UCHAR Minor, PFILE_OBJECT FileObject);
/* The pre-callbacks; FALSE: one of them has ended it. */
BOOLEAN FltpDown(PFLTP_FAST Fast);
/* The post-callbacks. Result is what the driver below said (meaningless if nobody asked it). */
BOOLEAN FltpEnd(PFLTP_FAST Fast, BOOLEAN Below, BOOLEAN Result, PIO_STATUS_BLOCK Iosb);

/* What the driver below says, if it has the routine. */
#define FLTP_LOWER(Fast, Routine, ...)                                                             \
    ((Fast)->Lower != NULL &&                                                                      \
             (Fast)->Lower->SizeOfFastIoDispatch > FIELD_OFFSET(FAST_IO_DISPATCH, Routine) &&      \
             (Fast)->Lower->Routine != NULL                                                        \
         ? (Fast)->Lower->Routine(__VA_ARGS__)                                                     \
         : FALSE)

/* fastmdl.c */
VOID FltpFillFastMdl(PFAST_IO_DISPATCH Dispatch);

#endif
