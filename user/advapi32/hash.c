/*
 * hash.c - CryptoAPI's hashes: MD5, SHA-1, SHA-256. A hash whose value has been asked for takes no more data. There are no keys.
 * [LEARN: CryptCreateHash, CryptHashData, CryptGetHashParam]
 */
#include "user/advapi32/adv.h"
#include <wincrypt.h>
#include "user/inc/digest.h"

typedef struct _ADV_HASH {
    ULONG Magic;
    ALG_ID Algorithm;
    BOOL Done;
    UM_DIGEST Digest;
    UCHAR Value[32];
} ADV_HASH, *PADV_HASH;

#define HASH_MAGIC 0x68736148

static PADV_HASH
AdvHash(HCRYPTHASH Handle)
{
    PADV_HASH Hash = (PADV_HASH)Handle;

    if (Hash == NULL || (Handle & 7) != 0 || Hash->Magic != HASH_MAGIC) {
        AdvFail(ERROR_INVALID_HANDLE);
        return NULL;
    }
    return Hash;
}

BOOL WINAPI
CryptCreateHash(HCRYPTPROV Provider, ALG_ID Algorithm, HCRYPTKEY Key, DWORD Flags,
                HCRYPTHASH *Handle)
{
    UM_DIGEST_KIND Kind;
    PADV_HASH Hash;

    switch (Algorithm) {
    case CALG_MD5:
        Kind = UmMd5;
        break;
    case CALG_SHA1:
        Kind = UmSha1;
        break;
    case CALG_SHA_256:
        Kind = UmSha256;
        break;
    default:
        return AdvFail((DWORD)NTE_BAD_ALGID);
    }
    if (Provider == 0) {
        return AdvFail(ERROR_INVALID_HANDLE);
    }
    Hash = AdvAllocate(sizeof(*Hash));
    if (Hash == NULL) {
        return AdvFail(ERROR_NOT_ENOUGH_MEMORY);
    }
    Hash->Magic = HASH_MAGIC;
    Hash->Algorithm = Algorithm;
    UmDigestInit(&Hash->Digest, Kind);
    *Handle = (HCRYPTHASH)Hash;
    return TRUE;
}

BOOL WINAPI
CryptHashData(HCRYPTHASH Handle, const BYTE *Data, DWORD Length, DWORD Flags)
{
    PADV_HASH Hash = AdvHash(Handle);

    if (Hash == NULL) {
        return FALSE;
    }
    if (Hash->Done) {
        return AdvFail((DWORD)NTE_BAD_HASH_STATE);
    }
    UmDigestUpdate(&Hash->Digest, Data, Length);
    return TRUE;
}

BOOL WINAPI
CryptGetHashParam(HCRYPTHASH Handle, DWORD What, BYTE *Data, DWORD *Length, DWORD Flags)
{
    PADV_HASH Hash = AdvHash(Handle);
    DWORD Size;
    const VOID *From;
    DWORD ValueLength;

    if (Hash == NULL) {
        return FALSE;
    }
    ValueLength = UmDigestLength(Hash->Digest.Kind);
    switch (What) {
    case HP_ALGID:
        From = &Hash->Algorithm;
        Size = sizeof(Hash->Algorithm);
        break;
    case HP_HASHSIZE:
        From = &ValueLength;
        Size = sizeof(ValueLength);
        break;
    case HP_HASHVAL:
        if (Data != NULL && !Hash->Done) {
            UmDigestFinal(&Hash->Digest, Hash->Value);
            Hash->Done = TRUE;
        }
        From = Hash->Value;
        Size = ValueLength;
        break;
    default:
        return AdvFail((DWORD)NTE_BAD_TYPE);
    }
    if (Data != NULL && *Length < Size) {
        *Length = Size;
        return AdvFail(ERROR_MORE_DATA);
    }
    if (Data != NULL) {
        RtlCopyMemory(Data, From, Size);
    }
    *Length = Size;
    return TRUE;
}

BOOL WINAPI
CryptDuplicateHash(HCRYPTHASH Handle, DWORD *Reserved, DWORD Flags, HCRYPTHASH *Copy)
{
    PADV_HASH Hash = AdvHash(Handle), New;

    if (Hash == NULL) {
        return FALSE;
    }
    New = AdvAllocate(sizeof(*New));
    if (New == NULL) {
        return AdvFail(ERROR_NOT_ENOUGH_MEMORY);
    }
    *New = *Hash;
    *Copy = (HCRYPTHASH)New;
    return TRUE;
}

BOOL WINAPI
CryptDestroyHash(HCRYPTHASH Handle)
{
    PADV_HASH Hash = AdvHash(Handle);

    if (Hash == NULL) {
        return FALSE;
    }
    Hash->Magic = 0;
    AdvFree(Hash);
    return TRUE;
}
