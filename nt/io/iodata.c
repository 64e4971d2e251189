/*
 * iodata.c - every mutable global of nt/io.
 */
#include "nt/io/msgfs.h"

/* Object types: the P names are ours, the others are what drivers import (same value, by DATA). */
POBJECT_TYPE IoFileObjectTypeP, IoDeviceObjectTypeP, IoDriverObjectTypeP, IoCompletionTypeP;
#undef IoFileObjectType
POBJECT_TYPE *IoFileObjectType;
POBJECT_TYPE *IoDeviceObjectType;
POBJECT_TYPE *IoDriverObjectType;

LIST_ENTRY IopDiskFileSystems, IopCdRomFileSystems, IopTapeFileSystems, IopNetworkFileSystems;
LIST_ENTRY IopFsNotify;
LIST_ENTRY IopPopups = {&IopPopups, &IopPopups};
LIST_ENTRY IopShutdownQueue, IopLastChanceShutdownQueue;
LIST_ENTRY IopReinitQueue, IopBootReinitQueue;
LIST_ENTRY NpPipes, NpWaiters, MsSlots;
UCHAR MsgPlaces[MSG_PLACES];
PDEVICE_OBJECT MsgDevice[MsgDevices];
EX_PUSH_LOCK IopInterfaceLock; /* held while a state is set */
LIST_ENTRY IopTimers, IopInterfaces, IopPnpNotify, IopPowerSettings;
LIST_ENTRY IopDeviceNodes;
LIST_ENTRY IopOrphans; /* IRPs whose thread ended before they did */
KSPIN_LOCK IopCancelLock, IopVpbLock;
ULONG IopErrorLogSequence, IopDeviceNumber, IopInterfaceNumber;
PDRIVER_OBJECT IopRootBusDriver;
PDEVICE_OBJECT IopRamDisk[2]; /* C: and D: */
IOP_MADE_LINK IopLinks[IOP_LINKS];
KTIMER IopSecondTimer;
KDPC IopSecondDpc;
ULONG IopRunningTimers;
CONFIGURATION_INFORMATION IopConfiguration = {.Version = 2};
char IopFailureText[256]; /* why the last load failed, in the loader's words */
const char *IopRefusal;   /* the last of IopNoteRefusal, and its status */
NTSTATUS IopRefusalStatus;
BOOLEAN IopUnloadPutOff; /* R3: some driver's was, at some time */

GENERIC_MAPPING IopFileMapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE,
                                  FILE_ALL_ACCESS};
GENERIC_MAPPING IopCompletionMapping = {STANDARD_RIGHTS_READ | 1, STANDARD_RIGHTS_WRITE | 2,
                                        STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
                                        STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 3};
UNICODE_STRING IopHardwareDatabase =
    RTL_CONSTANT_STRING(L"\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM");
