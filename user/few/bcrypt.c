/*
 * bcrypt.c - random numbers of the next-generation API: the same source as advapi32's. Ciphers and hashes there are none:
 * to open a provider of one is STATUS_NOT_FOUND, as on a system without it.
 */
#include <bcrypt.h>

#define RANDOM_PROVIDER ((BCRYPT_ALG_HANDLE)0x52474E)

BOOLEAN NTAPI SystemFunction036(PVOID Buffer, ULONG Length);

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

NTSTATUS WINAPI
BCryptOpenAlgorithmProvider(BCRYPT_ALG_HANDLE *Algorithm, LPCWSTR Name, LPCWSTR Provider,
                            ULONG Flags)
{
    if (Algorithm == NULL || Name == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (wcscmp(Name, BCRYPT_RNG_ALGORITHM) != 0) {
        return STATUS_NOT_FOUND;
    }
    *Algorithm = RANDOM_PROVIDER;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI
BCryptCloseAlgorithmProvider(BCRYPT_ALG_HANDLE Algorithm, ULONG Flags)
{
    return Algorithm == RANDOM_PROVIDER ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS WINAPI
BCryptGenRandom(BCRYPT_ALG_HANDLE Algorithm, PUCHAR Buffer, ULONG Length, ULONG Flags)
{
    if (Algorithm != RANDOM_PROVIDER &&
        (Algorithm != NULL || (Flags & 2 /* BCRYPT_USE_SYSTEM_PREFERRED_RNG */) == 0)) {
        return STATUS_INVALID_HANDLE;
    }
    if (Buffer == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    SystemFunction036(Buffer, Length);
    return STATUS_SUCCESS;
}
