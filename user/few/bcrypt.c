/*
 * bcrypt.c - random numbers (the same source as advapi32's) and hashes of the next-generation API: MD5, SHA1, SHA256. Ciphers and
 * keyed hashes there are none: to open a provider of one is STATUS_NOT_FOUND, as on a system without it.
 * [LEARN: BCryptOpenAlgorithmProvider, BCryptCreateHash, BCryptHashData, BCryptFinishHash]
 */
#include <bcrypt.h>
#include "user/inc/digest.h"

#define RANDOM_PROVIDER ((BCRYPT_ALG_HANDLE)0x52474E)
#define HASH_PROVIDER   0x485300 /* and the kind */
#define HASH_MAGIC      0x68734E42

typedef struct _CNG_HASH {
    ULONG Magic;
    UM_DIGEST Digest;
} CNG_HASH, *PCNG_HASH;

BOOLEAN NTAPI SystemFunction036(PVOID Buffer, ULONG Length);

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

static BOOL
IsHashProvider(BCRYPT_HANDLE Algorithm)
{
    return (ULONG_PTR)Algorithm >= HASH_PROVIDER + UmMd5 &&
           (ULONG_PTR)Algorithm <= HASH_PROVIDER + UmSha256;
}

NTSTATUS WINAPI
BCryptOpenAlgorithmProvider(BCRYPT_ALG_HANDLE *Algorithm, LPCWSTR Name, LPCWSTR Provider,
                            ULONG Flags)
{
    static const PCWSTR Hashes[] = {BCRYPT_MD5_ALGORITHM, BCRYPT_SHA1_ALGORITHM,
                                    BCRYPT_SHA256_ALGORITHM};

    if (Algorithm == NULL || Name == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (wcscmp(Name, BCRYPT_RNG_ALGORITHM) == 0) {
        *Algorithm = RANDOM_PROVIDER;
        return STATUS_SUCCESS;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Hashes) && (Flags & BCRYPT_ALG_HANDLE_HMAC_FLAG) == 0;
         i++) {
        if (wcscmp(Name, Hashes[i]) == 0) {
            *Algorithm = (BCRYPT_ALG_HANDLE)(ULONG_PTR)(HASH_PROVIDER + i);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_NOT_FOUND;
}

NTSTATUS WINAPI
BCryptCloseAlgorithmProvider(BCRYPT_ALG_HANDLE Algorithm, ULONG Flags)
{
    return Algorithm == RANDOM_PROVIDER || IsHashProvider(Algorithm) ? STATUS_SUCCESS
                                                                     : STATUS_INVALID_HANDLE;
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

static PCNG_HASH
HashOf(BCRYPT_HASH_HANDLE Handle)
{
    PCNG_HASH Hash = Handle;

    return Hash != NULL && ((ULONG_PTR)Hash & 7) == 0 && !IsHashProvider(Handle) &&
                   Hash->Magic == HASH_MAGIC
               ? Hash
               : NULL;
}

NTSTATUS WINAPI
BCryptGetProperty(BCRYPT_HANDLE Object, LPCWSTR Name, PUCHAR Output, ULONG Room, ULONG *Result,
                  ULONG Flags)
{
    UM_DIGEST_KIND Kind;
    ULONG Value;

    if (IsHashProvider(Object)) {
        Kind = (UM_DIGEST_KIND)((ULONG_PTR)Object - HASH_PROVIDER);
    } else if (Object != RANDOM_PROVIDER && HashOf(Object) != NULL) {
        Kind = HashOf(Object)->Digest.Kind;
    } else {
        return STATUS_INVALID_HANDLE;
    }
    if (wcscmp(Name, BCRYPT_OBJECT_LENGTH) == 0) {
        Value = sizeof(CNG_HASH);
    } else if (wcscmp(Name, BCRYPT_HASH_LENGTH) == 0) {
        Value = UmDigestLength(Kind);
    } else if (wcscmp(Name, BCRYPT_HASH_BLOCK_LENGTH) == 0) {
        Value = 64;
    } else {
        return STATUS_NOT_SUPPORTED;
    }
    *Result = sizeof(Value);
    if (Output == NULL) {
        return STATUS_SUCCESS;
    }
    if (Room < sizeof(Value)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(Output, &Value, sizeof(Value));
    return STATUS_SUCCESS;
}

/* The object's memory is the heap's, whether the caller gives some or not. */
NTSTATUS WINAPI
BCryptCreateHash(BCRYPT_ALG_HANDLE Algorithm, BCRYPT_HASH_HANDLE *Handle, PUCHAR Object,
                 ULONG ObjectLength, PUCHAR Secret, ULONG SecretLength, ULONG Flags)
{
    PCNG_HASH Hash;

    if (!IsHashProvider(Algorithm)) {
        return STATUS_INVALID_HANDLE;
    }
    if (SecretLength != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Object != NULL && ObjectLength < sizeof(CNG_HASH)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    Hash = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Hash));
    if (Hash == NULL) {
        return STATUS_NO_MEMORY;
    }
    Hash->Magic = HASH_MAGIC;
    UmDigestInit(&Hash->Digest, (UM_DIGEST_KIND)((ULONG_PTR)Algorithm - HASH_PROVIDER));
    *Handle = Hash;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI
BCryptHashData(BCRYPT_HASH_HANDLE Handle, PUCHAR Data, ULONG Length, ULONG Flags)
{
    PCNG_HASH Hash = HashOf(Handle);

    if (Hash == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    UmDigestUpdate(&Hash->Digest, Data, Length);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI
BCryptFinishHash(BCRYPT_HASH_HANDLE Handle, PUCHAR Output, ULONG Length, ULONG Flags)
{
    PCNG_HASH Hash = HashOf(Handle);

    if (Hash == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    if (Length != UmDigestLength(Hash->Digest.Kind)) {
        return STATUS_INVALID_PARAMETER;
    }
    UmDigestFinal(&Hash->Digest, Output);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI
BCryptDestroyHash(BCRYPT_HASH_HANDLE Handle)
{
    PCNG_HASH Hash = HashOf(Handle);

    if (Hash == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    Hash->Magic = 0;
    RtlFreeHeap(RtlProcessHeap(), 0, Hash);
    return STATUS_SUCCESS;
}
