/*
 * registry-client.c - the registry from user mode: names and buffers that are captured, keys that are protected.
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtOpenKey(PHANDLE Key, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtCreateKey(PHANDLE Key, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                           ULONG TitleIndex, PUNICODE_STRING Class, ULONG Options,
                           PULONG Disposition);
NTSTATUS NTAPI NtDeleteKey(HANDLE Key);
NTSTATUS NTAPI NtQueryKey(HANDLE Key, int Class, PVOID Buffer, ULONG Length, PULONG ResultLength);
NTSTATUS NTAPI NtQueryValueKey(HANDLE Key, PUNICODE_STRING Name, int Class, PVOID Buffer,
                               ULONG Length, PULONG ResultLength);
NTSTATUS NTAPI NtSetValueKey(HANDLE Key, PUNICODE_STRING Name, ULONG TitleIndex, ULONG Type,
                             PVOID Data, ULONG Size);

#define KERNEL_ADDRESS ((void *)0x400080000000ull)

static UNICODE_STRING Name;
static OBJECT_ATTRIBUTES Attributes;

static POBJECT_ATTRIBUTES
Named(PCWSTR Text, HANDLE Root)
{
    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, 0x40 /* OBJ_CASE_INSENSITIVE */, Root, NULL);
    return &Attributes;
}

int
main(void)
{
    static ULONG64 Space[64];
    HANDLE Key, ReadOnly;
    ULONG Length, Disposition = 0;

    EXPECT_EQ(NtCreateKey(&Key, KEY_ALL_ACCESS,
                          Named(L"\\Registry\\Machine\\Software\\NtlabClient", NULL), 0, NULL, 0,
                          &Disposition),
              0);
    EXPECT_EQ(Disposition, REG_CREATED_NEW_KEY);
    EXPECT_EQ(
        NtOpenKey(&ReadOnly, KEY_READ, Named(L"\\Registry\\Machine\\Software\\NtlabClient", NULL)),
        0);
    RtlInitUnicodeString(&Name, L"Value");
    EXPECT_EQ(NtSetValueKey(Key, &Name, 0, REG_SZ, (PVOID)L"abc", 8), 0);
    EXPECT_EQ((ULONG)NtSetValueKey(ReadOnly, &Name, 0, REG_SZ, (PVOID)L"abc", 8),
              0xC0000022); /* the handle's rights count */
    EXPECT_EQ((ULONG)NtSetValueKey(Key, &Name, 0, REG_SZ, KERNEL_ADDRESS, 8), 0xC0000005);
    EXPECT_EQ((ULONG)NtSetValueKey(Key, KERNEL_ADDRESS, 0, REG_SZ, (PVOID)L"abc", 8), 0xC0000005);
    EXPECT_EQ(NtQueryValueKey(ReadOnly, &Name, 2, Space, sizeof(Space), &Length), 0);
    EXPECT(((ULONG *)Space)[1] == REG_SZ && ((ULONG *)Space)[2] == 8 &&
           ((WCHAR *)Space)[6] == L'a');
    EXPECT_EQ((ULONG)NtQueryValueKey(ReadOnly, &Name, 2, KERNEL_ADDRESS, sizeof(Space), &Length),
              0xC0000005);
    EXPECT_EQ((ULONG)NtQueryValueKey(ReadOnly, &Name, 2, Space, sizeof(Space), KERNEL_ADDRESS),
              0xC0000005);
    EXPECT_EQ(NtQueryKey(Key, 3 /* KeyNameInformation */, Space, sizeof(Space), &Length), 0);
    EXPECT_EQ(*(ULONG *)Space, 38 * sizeof(WCHAR)); /* \REGISTRY\MACHINE\SOFTWARE\NtlabClient */
    EXPECT_EQ((ULONG)NtOpenKey(KERNEL_ADDRESS, KEY_READ, Named(L"\\Registry\\Machine", NULL)),
              0xC0000005);
    EXPECT_EQ((ULONG)NtOpenKey(&ReadOnly, KEY_READ, Named(L"\\Registry\\Machine\\Nothing", NULL)),
              0xC0000034);
    /* keys are not made beside the hives */
    EXPECT((ULONG)NtCreateKey(&ReadOnly, KEY_READ, Named(L"\\Registry\\Machine\\Nothing", NULL), 0,
                              NULL, 0, NULL) >= 0xC0000000);
    EXPECT_EQ(NtDeleteKey(Key), 0);
    EXPECT_EQ((ULONG)NtQueryKey(Key, 3, Space, sizeof(Space), &Length),
              0xC000017C); /* STATUS_KEY_DELETED */
    return TEST_DONE();
}
