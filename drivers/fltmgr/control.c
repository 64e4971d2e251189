#include "fltp.h"
NTSTATUS
FltpMainDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return FltpComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}
