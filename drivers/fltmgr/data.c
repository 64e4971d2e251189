/*
 * data.c - every global of the filter manager.
 */
#include "fltp.h"

PDRIVER_OBJECT FltpDriver;
PDEVICE_OBJECT FltpMainDevice, FltpMessageDevice;
ERESOURCE FltpLock;
LIST_ENTRY FltpFilters, FltpVolumes;
ERESOURCE FltpPortLock;
LIST_ENTRY FltpPorts;
KSPIN_LOCK FltpCreatingLock, FltpNameLock;
LIST_ENTRY FltpCreating;
BOOLEAN FltpWatching;
ULONGLONG FltpMessageId;
FAST_IO_DISPATCH FltpFastIo;
RTL_OSVERSIONINFOW FltpSystem;
FLTP_KERNEL FltpKernel;
LONG FltpScanSections;
