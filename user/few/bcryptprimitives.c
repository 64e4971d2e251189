/* bcryptprimitives.c - where the run times of Go and Rust take their random numbers from. */
BOOLEAN NTAPI SystemFunction036(PVOID Buffer, ULONG Length);

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

/* It never fails. */
BOOL WINAPI
ProcessPrng(PBYTE Buffer, SIZE_T Length)
{
    while (Length != 0) {
        ULONG Part = Length < 0x10000 ? (ULONG)Length : 0x10000;

        SystemFunction036(Buffer, Part);
        Buffer += Part;
        Length -= Part;
    }
    return TRUE;
}
