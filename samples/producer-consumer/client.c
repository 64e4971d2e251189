/*
 * client.c - hands one request to the driver: producer-consumer.exe bare|in-region
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <string.h>
#include "producer-consumer.h"

int
main(int Count, char **Arguments)
{
    static const char *const Names[] = CHOICE_NAMES;
    ULONG Choice = 0;
    HANDLE Device;
    DWORD Done;

    while (Count > 1 && Choice < Choices && strcmp(Names[Choice], Arguments[1]) != 0) {
        Choice++;
    }
    if (Count != 2 || Choice == Choices) {
        printf("producer-consumer.exe bare|in-region\n");
        return 2;
    }
    Device = CreateFileA("\\\\.\\ProducerConsumer", GENERIC_READ | GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (Device == INVALID_HANDLE_VALUE ||
        !DeviceIoControl(Device, IOCTL_SUBMIT, &Choice, sizeof(Choice), NULL, 0, &Done, NULL)) {
        printf("\\\\.\\ProducerConsumer: error %lu\n", GetLastError());
        return 1;
    }
    return 0;
}
