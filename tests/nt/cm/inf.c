/*
 * inf.c - which of an INF's sections makes the service key: inf.inf has one for build 25952 and later, one without a
 * version, one without anything, and some for other processors. [DT: inf-defaultinstall-section: a section for the
 * system's architecture is taken before one without a decoration; inf-manufacturer-section: the one for the latest
 * version that is not later than the system's]
 */
#include "../ntlab-test.h"

static NTSTATUS
Query(PCWSTR Path, PCWSTR Name, PVOID Data, ULONG Length)
{
    UCHAR Buffer[256];
    PKEY_VALUE_PARTIAL_INFORMATION Value = (PVOID)Buffer;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    NTSTATUS Status;
    HANDLE Key;

    RtlInitUnicodeString(&Text, Path);
    InitializeObjectAttributes(&Attributes, &Text, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    Status = ZwOpenKey(&Key, KEY_READ, &Attributes);
    if (NT_SUCCESS(Status)) {
        RtlInitUnicodeString(&Text, Name);
        Status = ZwQueryValueKey(Key, &Text, KeyValuePartialInformation, Value, sizeof(Buffer),
                                 &(ULONG){0});
        if (NT_SUCCESS(Status)) {
            RtlCopyMemory(Data, Value->Data, min(Length, Value->DataLength));
        }
        ZwClose(Key);
    }
    return Status;
}

#define SERVICE L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\cm-inf"

static VOID
Sections(VOID)
{
    RTL_OSVERSIONINFOW Version = {.dwOSVersionInfoSize = sizeof(Version)};
    WCHAR Text[64] = {0};
    ULONG Which = 0, Number = 0;
    BOOLEAN Later;

    RtlGetVersion(&Version);
    Later = Version.dwBuildNumber >= 25952;
    EXPECT_STATUS(Query(SERVICE L"\\Parameters", L"Which", &Which, sizeof(Which)), STATUS_SUCCESS);
    EXPECT(Which == (Later ? 2u : 1u));
    EXPECT_STATUS(Query(SERVICE L"\\Parameters\\Sub key", L"Text", Text, sizeof(Text)),
                  STATUS_SUCCESS);
    EXPECT(wcscmp(Text, L"with a ; and a \"quote\"") == 0);
    EXPECT_STATUS(
        Query(L"\\Registry\\Machine\\SOFTWARE\\ntlab-inf", L"Number", &Number, sizeof(Number)),
        Later ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS);
    EXPECT(Number == (Later ? 0u : 42u));
    EXPECT_STATUS(Query(SERVICE, L"Which", &Which, sizeof(Which)), STATUS_OBJECT_NAME_NOT_FOUND);
}

TEST_DRIVER(TEST(Sections))
