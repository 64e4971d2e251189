/* digest.c - hashes of both interfaces, a monitor of debug output, guard pages that are locked, large pages. */
#include <windows.h>
#include <wincrypt.h>
#include <bcrypt.h>
#include <stdio.h>

static void
Print(const unsigned char *Bytes, DWORD Length)
{
    for (DWORD i = 0; i < Length; i++) {
        printf("%02x", Bytes[i]);
    }
    printf("\n");
}

/* The examples of RFC 1321 and FIPS 180-4, and a text of more than a block. */
static void
Old(ALG_ID Algorithm, const char *Text, DWORD Times)
{
    HCRYPTPROV Provider;
    HCRYPTHASH Hash;
    BYTE Value[32];
    DWORD Length = sizeof(Value);

    CryptAcquireContextA(&Provider, NULL, NULL, PROV_RSA_AES, CRYPT_VERIFYCONTEXT);
    CryptCreateHash(Provider, Algorithm, 0, 0, &Hash);
    for (DWORD i = 0; i < Times; i++) {
        CryptHashData(Hash, (const BYTE *)Text, (DWORD)strlen(Text), 0);
    }
    CryptGetHashParam(Hash, HP_HASHVAL, Value, &Length, 0);
    Print(Value, Length);
    if (CryptHashData(Hash, Value, 1, 0) || (DWORD)NTE_BAD_HASH_STATE != GetLastError()) {
        printf("took more\n");
    }
    CryptDestroyHash(Hash);
    CryptReleaseContext(Provider, 0);
}

static void
New(LPCWSTR Name, const char *Text)
{
    BCRYPT_ALG_HANDLE Algorithm;
    BCRYPT_HASH_HANDLE Hash;
    UCHAR Object[500], Value[32];
    ULONG Length, Size;

    BCryptOpenAlgorithmProvider(&Algorithm, Name, NULL, 0);
    BCryptGetProperty(Algorithm, BCRYPT_HASH_LENGTH, (PUCHAR)&Length, sizeof(Length), &Size, 0);
    BCryptCreateHash(Algorithm, &Hash, Object, sizeof(Object), NULL, 0, 0);
    BCryptHashData(Hash, (PUCHAR)Text, (ULONG)strlen(Text), 0);
    printf("%lx ", BCryptFinishHash(Hash, Value, Length, 0));
    Print(Value, Length);
    BCryptDestroyHash(Hash);
    BCryptCloseAlgorithmProvider(Algorithm, 0);
}

static DWORD WINAPI
Speak(PVOID Parameter)
{
    OutputDebugStringA("first\n");
    OutputDebugStringW(L"second\n");
    return 0;
}

static void
Monitor(void)
{
    HANDLE Ready = CreateEventA(NULL, FALSE, FALSE, "DBWIN_BUFFER_READY");
    HANDLE There = CreateEventA(NULL, FALSE, FALSE, "DBWIN_DATA_READY");
    HANDLE Section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, "DBWIN_BUFFER");
    struct {
        DWORD Process;
        char Text[4092];
    } *Buffer = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);
    HANDLE Thread = CreateThread(NULL, 0, Speak, NULL, 0, NULL);

    for (int i = 0; i < 2; i++) {
        SetEvent(Ready);
        printf("monitor %lu ", WaitForSingleObject(There, 5000));
        printf("%d %s", Buffer->Process == GetCurrentProcessId(), Buffer->Text);
    }
    WaitForSingleObject(Thread, INFINITE);
}

static void
Pages(void)
{
    char *Page = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY | PAGE_GUARD);

    printf("lock %d ", VirtualLock(Page, 4096));
    printf("%lx ", GetLastError());
    printf("%d\n", VirtualLock(Page, 4096));
    Page = VirtualAlloc(NULL, GetLargePageMinimum(), MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES,
                        PAGE_READWRITE);
    printf("large %d %lu\n", Page != NULL, GetLastError());
}

int
main(void)
{
    Old(CALG_MD5, "", 1);
    Old(CALG_MD5, "abc", 1);
    Old(CALG_SHA1, "abc", 1);
    Old(CALG_SHA1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1);
    Old(CALG_SHA_256, "abc", 1);
    Old(CALG_MD5, "1234567890", 8);
    New(BCRYPT_SHA256_ALGORITHM, "");
    New(BCRYPT_SHA1_ALGORITHM, "abc");
    New(BCRYPT_MD5_ALGORITHM, "message digest");
    Monitor();
    Pages();
    return 0;
}
