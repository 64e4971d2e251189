#include "fltp.h"
VOID
FltpClosePorts(PFLT_FILTER Filter)
{
}
NTSTATUS
FltpMessageDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return FltpComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}
