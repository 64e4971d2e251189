/*
 * regdump.c - prints a key and all below it, one line for each key and each value: names and data in hexadecimal, as the registry holds them.
 */
#include <windows.h>
#include <winternl.h>
#include <stdio.h>

NTSTATUS NTAPI NtOpenKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtEnumerateKey(HANDLE, ULONG, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE, ULONG, int, PVOID, ULONG, PULONG);

static void
Hex(const void *Data, ULONG Length)
{
    printf(" .");
    for (ULONG i = 0; i < Length; i++) {
        printf("%02x", ((const BYTE *)Data)[i]);
    }
}

static void
Dump(HANDLE Root, PWSTR Text, ULONG Length, ULONG Depth)
{
    UNICODE_STRING Name = {(USHORT)Length, (USHORT)Length, Text};
    OBJECT_ATTRIBUTES Attributes;
    static BYTE Space[8][8192]; /* by depth */
    ULONG *Info = (ULONG *)Space[Depth & 7], Got;
    HANDLE Key;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Root, NULL);
    if (NtOpenKey(&Key, KEY_READ, &Attributes) != 0) {
        printf("no key\n");
        return;
    }
    printf("key %lu", Depth);
    Hex(Text, Length);
    printf("\n");
    for (ULONG i = 0; NtEnumerateValueKey(Key, i, 1, Info, sizeof(Space[0]), &Got) == 0; i++) {
        /* title index, type, offset and length of the data, length of the name, the name */
        printf("value");
        Hex(Info + 5, Info[4]);
        printf(" %lx", Info[1]);
        Hex((BYTE *)Info + Info[2], Info[3]);
        printf("\n");
    }
    /* last write time, title index, length of the name, the name */
    for (ULONG i = 0; NtEnumerateKey(Key, i, 0, Info, sizeof(Space[0]), &Got) == 0; i++) {
        Dump(Key, (PWSTR)(Info + 4), Info[3], Depth + 1);
    }
    NtClose(Key);
}

int
main(void)
{
    static WCHAR Root[] = L"\\Registry\\Machine\\Software\\NtlabTold";

    Dump(NULL, Root, sizeof(Root) - sizeof(WCHAR), 0);
    return 0;
}
