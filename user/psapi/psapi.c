/*
 * psapi.c - psapi.dll: everything in it is kernel32's (psapi.exports).
 */
BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}
