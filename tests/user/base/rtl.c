/*
 * rtl.c - routines of ntdll that programs look up by name: atom tables, RTL_RESOURCE, bit maps, tables, the registry by
 * path, text that may be Unicode, DLL notifications, growable function tables.
 * [K: "About Atom Tables", "IsTextUnicode", "RtlInitializeBitMap", "RtlInitializeGenericTable",
 *  "RtlQueryRegistryValues", "LdrRegisterDllNotification", "RtlAddGrowableFunctionTable"]
 */
#include "../../nt/ntlab-client.h"
#include <winternl.h>

#define GET(Type, Name, Parameters)                                                                \
    Type(NTAPI *Name) Parameters = (PVOID)GetProcAddress(GetModuleHandleA("ntdll.dll"), #Name)

static void
Atoms(void)
{
    GET(NTSTATUS, RtlCreateAtomTable, (ULONG, PVOID *));
    GET(NTSTATUS, RtlAddAtomToAtomTable, (PVOID, PCWSTR, PUSHORT));
    GET(NTSTATUS, RtlLookupAtomInAtomTable, (PVOID, PCWSTR, PUSHORT));
    GET(NTSTATUS, RtlDeleteAtomFromAtomTable, (PVOID, USHORT));
    GET(NTSTATUS, RtlPinAtomInAtomTable, (PVOID, USHORT));
    GET(NTSTATUS, RtlQueryAtomInAtomTable, (PVOID, USHORT, PULONG, PULONG, PWSTR, PULONG));
    GET(NTSTATUS, RtlDestroyAtomTable, (PVOID));
    PVOID Table = NULL;
    USHORT First = 0, Second = 0;
    ULONG Count = 0, Pinned = 0, Length;
    WCHAR Name[16];

    EXPECT_EQ(RtlCreateAtomTable(37, &Table), 0);
    EXPECT_EQ(RtlAddAtomToAtomTable(Table, L"Kernel", &First), 0);
    EXPECT(First >= 0xC000);
    EXPECT_EQ(RtlAddAtomToAtomTable(Table, L"KERNEL", &Second), 0);
    EXPECT_EQ(First, Second);
    Length = 8; /* cut to what fits with its end */
    EXPECT_EQ(RtlQueryAtomInAtomTable(Table, First, &Count, &Pinned, Name, &Length), 0);
    EXPECT(Count == 2 && Pinned == 0 && Length == 6 && wcscmp(Name, L"Ker") == 0);
    EXPECT_EQ(RtlDeleteAtomFromAtomTable(Table, First), 0);
    EXPECT_EQ(RtlLookupAtomInAtomTable(Table, L"kernel", &Second), 0);
    EXPECT_EQ(RtlPinAtomInAtomTable(Table, First), 0);
    EXPECT_EQ((ULONG)RtlDeleteAtomFromAtomTable(Table, First), 0x40000019);
    EXPECT_EQ(RtlAddAtomToAtomTable(Table, L"#123", &Second), 0);
    EXPECT_EQ(Second, 123);
    EXPECT_EQ((ULONG)RtlAddAtomToAtomTable(Table, L"", &Second), 0xC0000033);
    EXPECT_EQ((ULONG)RtlAddAtomToAtomTable(Table, (PCWSTR)0xC000, &Second), 0xC000000D);
    EXPECT_EQ((ULONG)RtlLookupAtomInAtomTable(Table, L"absent", &Second), 0xC0000034);
    EXPECT_EQ(RtlDestroyAtomTable(Table), 0);
}

static LONG Inside, Writers, Crowds;
static PVOID Resource[12];

static DWORD WINAPI
Writer(PVOID Unused)
{
    GET(BYTE, RtlAcquireResourceExclusive, (PVOID, BYTE));
    GET(VOID, RtlReleaseResource, (PVOID));

    for (int i = 0; i < 50; i++) {
        RtlAcquireResourceExclusive(Resource, TRUE);
        Crowds += InterlockedIncrement(&Inside) != 1;
        Writers++;
        SwitchToThread();
        InterlockedDecrement(&Inside);
        RtlReleaseResource(Resource);
    }
    return 0;
}

static DWORD WINAPI
Other(PVOID Exclusive)
{
    GET(BYTE, RtlAcquireResourceExclusive, (PVOID, BYTE));
    GET(BYTE, RtlAcquireResourceShared, (PVOID, BYTE));
    GET(VOID, RtlReleaseResource, (PVOID));
    BYTE Got = Exclusive ? RtlAcquireResourceExclusive(Resource, FALSE)
                         : RtlAcquireResourceShared(Resource, FALSE);

    if (Got) {
        RtlReleaseResource(Resource);
    }
    return Got;
}

static DWORD
AsOther(BOOL Exclusive)
{
    HANDLE Thread = CreateThread(NULL, 0, Other, (PVOID)(ULONG_PTR)Exclusive, 0, NULL);
    DWORD Got;

    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Got);
    CloseHandle(Thread);
    return Got;
}

static void
Resources(void)
{
    GET(VOID, RtlInitializeResource, (PVOID));
    GET(VOID, RtlDeleteResource, (PVOID));
    GET(BYTE, RtlAcquireResourceExclusive, (PVOID, BYTE));
    GET(BYTE, RtlAcquireResourceShared, (PVOID, BYTE));
    GET(VOID, RtlReleaseResource, (PVOID));
    GET(VOID, RtlConvertExclusiveToShared, (PVOID));
    HANDLE Threads[4];

    RtlInitializeResource(Resource);
    EXPECT_EQ(RtlAcquireResourceExclusive(Resource, TRUE), TRUE);
    EXPECT_EQ(RtlAcquireResourceShared(Resource, TRUE), TRUE); /* one more level of its own */
    EXPECT_EQ(AsOther(TRUE), FALSE);
    EXPECT_EQ(AsOther(FALSE), FALSE);
    RtlReleaseResource(Resource);
    RtlConvertExclusiveToShared(Resource);
    EXPECT_EQ(AsOther(FALSE), TRUE);
    EXPECT_EQ(AsOther(TRUE), FALSE);
    RtlReleaseResource(Resource);
    EXPECT_EQ(AsOther(TRUE), TRUE);
    for (int i = 0; i < 4; i++) {
        Threads[i] = CreateThread(NULL, 0, Writer, NULL, 0, NULL);
    }
    WaitForMultipleObjects(4, Threads, TRUE, INFINITE);
    EXPECT(Writers == 200 && Crowds == 0);
    RtlDeleteResource(Resource);
}

static int NTAPI
Compare(PVOID Table, PVOID A, PVOID B)
{
    return *(int *)A < *(int *)B ? 0 : *(int *)A > *(int *)B ? 1 : 2;
}
static PVOID NTAPI
Allocate(PVOID Table, ULONG Bytes)
{
    return malloc(Bytes);
}
static VOID NTAPI
Free(PVOID Table, PVOID Memory)
{
    free(Memory);
}

static void
Tables(void)
{
    GET(VOID, RtlInitializeGenericTableAvl, (PVOID, PVOID, PVOID, PVOID, PVOID));
    GET(PVOID, RtlInsertElementGenericTableAvl, (PVOID, PVOID, ULONG, PBOOLEAN));
    GET(PVOID, RtlEnumerateGenericTableAvl, (PVOID, BOOLEAN));
    GET(BOOLEAN, RtlDeleteElementGenericTableAvl, (PVOID, PVOID));
    GET(VOID, RtlInitializeBitMap, (PVOID, PULONG, ULONG));
    GET(ULONG, RtlFindClearBitsAndSet, (PVOID, ULONG, ULONG));
    GET(ULONG, RtlNumberOfSetBits, (PVOID));
    ULONG_PTR Table[20], Map[2];
    ULONG Bits[2] = {0x0000000F, 0};
    BOOLEAN New;
    int Last = -1, Seen = 0;

    RtlInitializeGenericTableAvl(Table, Compare, Allocate, Free, NULL);
    for (int i = 0; i < 100; i++) {
        int Value = i * 37 % 101;

        RtlInsertElementGenericTableAvl(Table, &Value, sizeof(Value), &New);
        EXPECT(New);
    }
    for (int *At = RtlEnumerateGenericTableAvl(Table, TRUE); At != NULL;
         At = RtlEnumerateGenericTableAvl(Table, FALSE), Seen++) {
        EXPECT(*At > Last);
        Last = *At;
    }
    EXPECT_EQ(Seen, 100);
    EXPECT(RtlDeleteElementGenericTableAvl(Table, &Last));
    EXPECT(!RtlDeleteElementGenericTableAvl(Table, &Last));

    RtlInitializeBitMap(Map, Bits, 40);
    EXPECT_EQ(RtlFindClearBitsAndSet(Map, 30, 0), 4);
    EXPECT_EQ(RtlNumberOfSetBits(Map), 34);
    EXPECT_EQ(RtlFindClearBitsAndSet(Map, 7, 0), 0xFFFFFFFF);
}

static void
Registry(void)
{
    GET(NTSTATUS, RtlCheckRegistryKey, (ULONG, PCWSTR));
    GET(NTSTATUS, RtlCreateRegistryKey, (ULONG, PCWSTR));
    GET(NTSTATUS, RtlWriteRegistryValue, (ULONG, PCWSTR, PCWSTR, ULONG, PVOID, ULONG));
    GET(NTSTATUS, RtlDeleteRegistryValue, (ULONG, PCWSTR, PCWSTR));
    GET(NTSTATUS, RtlQueryRegistryValues, (ULONG, PCWSTR, PVOID, PVOID, PVOID));
    GET(NTSTATUS, RtlOpenCurrentUser, (ACCESS_MASK, PHANDLE));
    struct {
        PVOID Routine;
        ULONG Flags;
        PCWSTR Name;
        PVOID EntryContext;
        ULONG DefaultType;
        PVOID DefaultData;
        ULONG DefaultLength;
    } Query[4] = {{0}};
    PCWSTR Path = L"\\Registry\\Machine\\Software\\NtlabRtl";
    ULONG Seven = 7, Got = 0, Absent = 0, Nine = 9;
    UNICODE_STRING Text = {0};
    HANDLE Key;

    EXPECT_EQ((ULONG)RtlCheckRegistryKey(0, Path), 0xC0000034);
    EXPECT_EQ(RtlCreateRegistryKey(0, Path), 0);
    EXPECT_EQ(RtlCheckRegistryKey(0, Path), 0);
    EXPECT_EQ(RtlWriteRegistryValue(0, Path, L"Seven", REG_DWORD, &Seven, 4), 0);
    EXPECT_EQ(RtlWriteRegistryValue(0, Path, L"Root", REG_EXPAND_SZ, L"%SystemRoot%\\x", 30), 0);
    Query[0].Flags = Query[1].Flags = Query[2].Flags = 0x20; /* DIRECT */
    Query[0].Name = L"Seven";
    Query[0].EntryContext = &Got;
    Query[1].Name = L"Absent";
    Query[1].EntryContext = &Absent;
    Query[1].DefaultType = REG_DWORD;
    Query[1].DefaultData = &Nine;
    Query[1].DefaultLength = 4;
    Query[2].Name = L"Root";
    Query[2].EntryContext = &Text;
    EXPECT_EQ(RtlQueryRegistryValues(0, Path, Query, NULL, NULL), 0);
    EXPECT(Got == 7 && Absent == 9);
    EXPECT(_wcsicmp(Text.Buffer, L"C:\\Windows\\x") == 0);
    EXPECT_EQ(RtlDeleteRegistryValue(0, Path, L"Seven"), 0);
    Query[0].Flags |= 4; /* REQUIRED */
    EXPECT_EQ((ULONG)RtlQueryRegistryValues(0, Path, Query, NULL, NULL), 0xC0000034);
    EXPECT_EQ(RtlOpenCurrentUser(KEY_READ, &Key), 0);
    CloseHandle(Key);
}

static int Loads, Unloads;

static VOID CALLBACK
Told(ULONG Reason, const PVOID *Data, PVOID Context)
{
    const UNICODE_STRING *Base = Data[2];

    EXPECT(Context == &Loads);
    if (_wcsicmp(Base->Buffer, L"winmm.dll") == 0) {
        Loads += Reason == 1;
        Unloads += Reason == 2;
    }
}

static void
Rest(void)
{
    GET(NTSTATUS, LdrRegisterDllNotification, (ULONG, PVOID, PVOID, PVOID *));
    GET(NTSTATUS, LdrUnregisterDllNotification, (PVOID));
    GET(NTSTATUS, RtlSetThreadErrorMode, (ULONG, PULONG));
    GET(BOOLEAN, RtlIsTextUnicode, (const VOID *, LONG, PINT));
    GET(DWORD, RtlAddGrowableFunctionTable,
        (PVOID *, PRUNTIME_FUNCTION, DWORD, DWORD, ULONG_PTR, ULONG_PTR));
    GET(VOID, RtlGrowFunctionTable, (PVOID, DWORD));
    GET(VOID, RtlDeleteGrowableFunctionTable, (PVOID));
    GET(ULONG, RtlNtStatusToDosError, (NTSTATUS));
    static RUNTIME_FUNCTION Functions[2] = {{0x10, 0x20, 0}, {0x20, 0x30, 0}};
    PUCHAR Code = VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    PVOID Cookie, Growable;
    DWORD64 Base;
    ULONG Old;
    INT Flags = IS_TEXT_UNICODE_STATISTICS | IS_TEXT_UNICODE_CONTROLS;

    EXPECT_EQ(LdrRegisterDllNotification(0, Told, &Loads, &Cookie), 0);
    FreeLibrary(LoadLibraryA("winmm.dll"));
    EXPECT(Loads == 1 && Unloads == 1);
    EXPECT_EQ(LdrUnregisterDllNotification(Cookie), 0);
    FreeLibrary(LoadLibraryA("winmm.dll"));
    EXPECT_EQ(Loads, 1);

    EXPECT_EQ(RtlSetThreadErrorMode(0x10, &Old), 0);
    EXPECT_EQ(GetThreadErrorMode(), SEM_FAILCRITICALERRORS);
    EXPECT_EQ((ULONG)RtlSetThreadErrorMode(1, NULL), 0xC00000EF);
    EXPECT_EQ(RtlSetThreadErrorMode(Old, NULL), 0);

    EXPECT(RtlIsTextUnicode(L"one two three", 26, &Flags));
    EXPECT_EQ(Flags, IS_TEXT_UNICODE_STATISTICS | IS_TEXT_UNICODE_CONTROLS);
    EXPECT(!RtlIsTextUnicode("one two three four", 18, NULL));

    EXPECT_EQ(RtlAddGrowableFunctionTable(&Growable, Functions, 1, 2, (ULONG_PTR)Code,
                                          (ULONG_PTR)Code + 0x1000),
              0);
    EXPECT(RtlLookupFunctionEntry((ULONG_PTR)Code + 0x18, &Base, NULL) == &Functions[0]);
    EXPECT(RtlLookupFunctionEntry((ULONG_PTR)Code + 0x28, &Base, NULL) == NULL);
    RtlGrowFunctionTable(Growable, 2);
    EXPECT(RtlLookupFunctionEntry((ULONG_PTR)Code + 0x28, &Base, NULL) == &Functions[1]);
    RtlDeleteGrowableFunctionTable(Growable);
    EXPECT(RtlLookupFunctionEntry((ULONG_PTR)Code + 0x18, &Base, NULL) == NULL);

    /* [K: winerror.h beside ntstatus.h] */
    EXPECT_EQ(RtlNtStatusToDosError(0xC0020017), 1722); /* RPC_NT_SERVER_UNAVAILABLE */
    EXPECT_EQ(RtlNtStatusToDosError(0xC0000224), 1907); /* STATUS_PASSWORD_MUST_CHANGE */
    EXPECT_EQ(RtlNtStatusToDosError(0x40000000), 698);  /* STATUS_OBJECT_NAME_EXISTS */
}

/* A result that cannot be stored is a status, no exception. */
static void
Integers(void)
{
    GET(NTSTATUS, RtlUnicodeStringToInteger, (PUNICODE_STRING, ULONG, PULONG));
    GET(NTSTATUS, RtlCharToInteger, (PCSZ, ULONG, PULONG));
    UNICODE_STRING Text;
    ULONG Value = 0;

    RtlInitUnicodeString(&Text, L"0x12");
    EXPECT(RtlUnicodeStringToInteger(&Text, 0, &Value) == 0 && Value == 0x12);
    EXPECT_EQ((DWORD)RtlUnicodeStringToInteger(&Text, 0, NULL), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ((DWORD)RtlCharToInteger("7", 0, NULL), STATUS_ACCESS_VIOLATION);
    EXPECT(RtlCharToInteger("7", 0, &Value) == 0 && Value == 7);
}

int
main(void)
{
    Integers();
    Atoms();
    Resources();
    Tables();
    Registry();
    Rest();
    return TEST_DONE();
}
