/*
 * producer-consumer.h - what driver and client share.
 */
#ifndef PRODUCER_CONSUMER_H
#define PRODUCER_CONSUMER_H

/* in: ULONG choice. Hands a request to the driver's thread and waits until it is done. */
#define IOCTL_SUBMIT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)

enum {
    Bare,     /* queue, release the semaphore */
    InRegion, /* the same in a critical region */
    Choices
};

#define CHOICE_NAMES {"bare", "in-region"}

#endif
