/*
 * switchstack.h - what driver and client share: one IOCTL, METHOD_NEITHER.
 *
 * Input buffer: an argument. Output buffer: a function of the client, VOID (*)(PVOID), that the driver calls with it.
 */
#ifndef SWITCHSTACK_H
#define SWITCHSTACK_H

#define IOCTL_SWITCH_STACKS CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_NEITHER, FILE_ANY_ACCESS)

#endif
