/*
 * bad.h - what bad.sys and its client share: one request, METHOD_NEITHER, with a pointer that is valid
 * in the client (input) and one that is valid nowhere (output).
 */
#ifndef BAD_H
#define BAD_H

#define IOCTL_BAD   CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_NEITHER, FILE_ANY_ACCESS)
#define BAD_ADDRESS 0x0000000012340000ull

#endif
