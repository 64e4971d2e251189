/*
 * vcruntime140.c - an image that only has names; see vcruntime140.def.
 */
#include <windows.h>

BOOL WINAPI
VcDllMain(HINSTANCE Instance, DWORD Reason, void *Reserved)
{
    (void)Instance, (void)Reason, (void)Reserved;
    return TRUE;
}
