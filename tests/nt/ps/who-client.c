/* who-client.c - opens the device of who.c, which asks who it is. */
#include "ntlab-client.h"

int
main(void)
{
    HANDLE Device = CreateFileA("\\\\.\\PsWho", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);

    return Device == INVALID_HANDLE_VALUE || !CloseHandle(Device);
}
