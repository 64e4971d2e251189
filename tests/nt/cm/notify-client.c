/*
 * notify-client.c - being told of changes: each kind of change, to the key, below it and beside it, against each filter, of the key alone and of its tree; once
 * for each request; what ends with the handle; a request that is waited for; bad parameters. [DDI:ntifs/zwnotifychangekey],
 * [LEARN:winreg/nf-winreg-regnotifychangekeyvalue]
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtCreateKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG, PUNICODE_STRING, ULONG,
                           PULONG);
NTSTATUS NTAPI NtOpenKey(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtDeleteKey(HANDLE);
NTSTATUS NTAPI NtSetValueKey(HANDLE, PUNICODE_STRING, ULONG, ULONG, PVOID, ULONG);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE, PUNICODE_STRING);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE, ULONG, PVOID);
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtNotifyChangeKey(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, ULONG, BOOLEAN,
                                 PVOID, ULONG, BOOLEAN);

#define PENDING       0x103
#define CLEANUP       0x10B
#define ENUM_DIR      0x10C
#define BAD_PARAMETER 0xC000000D
#define BAD_ADDRESS   0xC0000005
#define BAD_HANDLE    0xC0000008
#define DENIED        0xC0000022
#define UNTOUCHED     0x12345678
#define FAR_AWAY      ((void *)0x400080000000ull)
#define NAME          1
#define LAST_SET      4
#define SECURITY      8

static HANDLE Event;
static IO_STATUS_BLOCK Iosb;

static ULONG
Open(HANDLE *Key, HANDLE Below, PCWSTR Name, ULONG Access)
{
    UNICODE_STRING String;
    OBJECT_ATTRIBUTES Attributes;

    String.Length = (USHORT)(lstrlenW(Name) * 2);
    String.MaximumLength = String.Length + 2;
    String.Buffer = (PWSTR)Name;
    *Key = NULL;
    InitializeObjectAttributes(&Attributes, &String, OBJ_CASE_INSENSITIVE, Below, NULL);
    return (ULONG)NtCreateKey(Key, Access, &Attributes, 0, NULL, 0, NULL);
}

static ULONG
Watch(HANDLE Key, ULONG Filter, BOOL Tree)
{
    Iosb.Status = UNTOUCHED;
    Iosb.Information = 0x77;
    return (ULONG)NtNotifyChangeKey(Key, Event, NULL, NULL, &Iosb, Filter, (BOOLEAN)Tree, NULL, 0,
                                    TRUE);
}

static BOOL
Told(ULONG Status)
{
    return WaitForSingleObject(Event, 0) == WAIT_OBJECT_0 && (ULONG)Iosb.Status == Status &&
           Iosb.Information == 0;
}

enum { MakeKey, DropKey, SetValue, SetAgain, DropValue, Secure, Nothing, Changes };

static const ULONG Kinds[Changes] = {NAME, NAME, LAST_SET, LAST_SET, LAST_SET, SECURITY, 0};

static void
Change(HANDLE At, ULONG What)
{
    static UNICODE_STRING Value = {6, 8, L"val"};
    static BYTE Descriptor[1024];
    ULONG Length;
    HANDLE Key;

    switch (What) {
    case MakeKey:
        EXPECT_EQ(Open(&Key, At, L"new", KEY_ALL_ACCESS), 0);
        NtClose(Key);
        break;
    case DropKey:
        EXPECT_EQ(Open(&Key, At, L"new", KEY_ALL_ACCESS), 0);
        EXPECT_EQ(NtDeleteKey(Key), 0);
        NtClose(Key);
        break;
    case SetValue:
    case SetAgain:
        EXPECT_EQ(NtSetValueKey(At, &Value, 0, 4, &What, 4), 0);
        break;
    case DropValue:
        EXPECT_EQ(NtDeleteValueKey(At, &Value), 0);
        break;
    case Secure:
        EXPECT_EQ(NtQuerySecurityObject(At, 4, Descriptor, sizeof(Descriptor), &Length), 0);
        EXPECT_EQ(NtSetSecurityObject(At, 4, Descriptor), 0);
        break;
    default: /* to look and to open changes nothing */
        EXPECT_EQ(Open(&Key, At, L"", KEY_READ), 0);
        NtQuerySecurityObject(At, 4, Descriptor, sizeof(Descriptor), &Length);
        NtClose(Key);
        break;
    }
}

static void
Table(HANDLE Root)
{
    HANDLE Places[4]; /* itself, below it, below that, beside it */
    static const ULONG Filters[] = {NAME, 2, LAST_SET, SECURITY, NAME | LAST_SET, 15};

    EXPECT_EQ(Open(&Places[0], Root, L"watched", KEY_ALL_ACCESS), 0);
    EXPECT_EQ(Open(&Places[1], Places[0], L"child", KEY_ALL_ACCESS), 0);
    EXPECT_EQ(Open(&Places[2], Places[1], L"grandchild", KEY_ALL_ACCESS), 0);
    EXPECT_EQ(Open(&Places[3], Root, L"beside", KEY_ALL_ACCESS), 0);
    for (ULONG Place = 0; Place < 4; Place++) {
        for (ULONG f = 0; f < sizeof(Filters) / sizeof(Filters[0]); f++) {
            for (ULONG Tree = 0; Tree < 2; Tree++) {
                for (ULONG What = 0; What < Changes; What++) {
                    BOOL Wanted =
                        (Filters[f] & Kinds[What]) != 0 && (Place == 0 || (Place < 3 && Tree));
                    HANDLE Key;

                    if (What == DropKey) { /* it is there, or nobody is told of its making first */
                        EXPECT_EQ(Open(&Key, Places[Place], L"new", KEY_ALL_ACCESS), 0);
                        NtClose(Key);
                    }
                    EXPECT_EQ(Open(&Key, Root, L"watched", KEY_NOTIFY), 0);
                    EXPECT_EQ(Watch(Key, Filters[f], Tree), PENDING);
                    EXPECT(!Told(UNTOUCHED) && (ULONG)Iosb.Status == UNTOUCHED);
                    Change(Places[Place], What);
                    EXPECT_EQ(Told(ENUM_DIR), Wanted);
                    if (Wanted) { /* once */
                        ResetEvent(Event);
                        Change(Places[Place], SetAgain);
                        EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
                    }
                    NtClose(Key);
                    EXPECT_EQ(Told(CLEANUP), !Wanted); /* the last of what was not told */
                    if (What == MakeKey) {
                        Change(Places[Place], DropKey);
                    }
                }
            }
        }
    }
    for (ULONG i = 4; i-- > 0;) {
        EXPECT_EQ(NtDeleteKey(Places[i]), 0);
        NtClose(Places[i]);
    }
}

/* Several requests, of two handles; a key that goes away. */
static void
Several(HANDLE Root)
{
    HANDLE Key, Other, Events[3];
    IO_STATUS_BLOCK Blocks[3];

    EXPECT_EQ(Open(&Key, Root, L"several", KEY_ALL_ACCESS), 0);
    EXPECT_EQ(Open(&Other, Root, L"several", KEY_ALL_ACCESS), 0);
    for (ULONG i = 0; i < 3; i++) {
        Events[i] = CreateEventA(NULL, TRUE, TRUE, NULL);
        Blocks[i].Status = UNTOUCHED;
        EXPECT_EQ(NtNotifyChangeKey(i == 2 ? Other : Key, Events[i], NULL, NULL, &Blocks[i],
                                    i == 1 ? NAME : LAST_SET, FALSE, NULL, 0, TRUE),
                  PENDING);
        EXPECT_EQ(WaitForSingleObject(Events[i], 0), WAIT_TIMEOUT); /* it was set: cleared */
    }
    Change(Key, SetValue);
    EXPECT_EQ(WaitForSingleObject(Events[0], 0), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Events[1], 0), WAIT_TIMEOUT);
    EXPECT_EQ(WaitForSingleObject(Events[2], 0), WAIT_OBJECT_0);
    EXPECT((ULONG)Blocks[0].Status == ENUM_DIR && (ULONG)Blocks[2].Status == ENUM_DIR);
    EXPECT_EQ((ULONG)Blocks[1].Status, UNTOUCHED);
    EXPECT_EQ(
        NtNotifyChangeKey(Other, Events[2], NULL, NULL, &Blocks[2], LAST_SET, FALSE, NULL, 0, TRUE),
        PENDING);
    NtClose(Other); /* its requests end, the other handle's go on */
    EXPECT((ULONG)Blocks[2].Status == CLEANUP &&
           WaitForSingleObject(Events[2], 0) == WAIT_OBJECT_0);
    EXPECT_EQ((ULONG)Blocks[1].Status, UNTOUCHED);
    EXPECT_EQ(NtDeleteKey(Key), 0); /* its own name goes */
    EXPECT((ULONG)Blocks[1].Status == ENUM_DIR &&
           WaitForSingleObject(Events[1], 0) == WAIT_OBJECT_0);
    NtClose(Key);
    for (ULONG i = 0; i < 3; i++) {
        CloseHandle(Events[i]);
    }
}

static HANDLE Shared;

static DWORD WINAPI
Changer(void *Context)
{
    Sleep(50);
    Change(Shared, SetValue);
    return 0;
}

/* One that is waited for. */
static void
Waits(HANDLE Root)
{
    HANDLE Thread;

    EXPECT_EQ(Open(&Shared, Root, L"waits", KEY_ALL_ACCESS), 0);
    Iosb.Status = UNTOUCHED;
    Iosb.Information = 0x77;
    Thread = CreateThread(NULL, 0, Changer, NULL, 0, NULL);
    EXPECT_EQ(
        (ULONG)NtNotifyChangeKey(Shared, NULL, NULL, NULL, &Iosb, LAST_SET, FALSE, NULL, 0, FALSE),
        ENUM_DIR);
    EXPECT((ULONG)Iosb.Status == ENUM_DIR && Iosb.Information == 0);
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    EXPECT_EQ(NtDeleteKey(Shared), 0);
    NtClose(Shared);
}

static void
Refused(HANDLE Root)
{
    HANDLE Weak;

    EXPECT_EQ(Watch(Root, 0, FALSE), BAD_PARAMETER);
    EXPECT_EQ(Watch(Root, 0x10, FALSE), BAD_PARAMETER);
    EXPECT_EQ(Watch(Root, 0x21, FALSE), BAD_PARAMETER);
    EXPECT_EQ(Watch((HANDLE)0x7770, LAST_SET, FALSE), BAD_HANDLE);
    EXPECT_EQ(
        (ULONG)NtNotifyChangeKey(Root, Event, NULL, NULL, FAR_AWAY, LAST_SET, FALSE, NULL, 0, TRUE),
        BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtNotifyChangeKey(Root, (HANDLE)0x7770, NULL, NULL, &Iosb, LAST_SET, FALSE,
                                       NULL, 0, TRUE),
              BAD_HANDLE);
    EXPECT_EQ(
        (ULONG)NtNotifyChangeKey(Root, Root, NULL, NULL, &Iosb, LAST_SET, FALSE, NULL, 0, TRUE),
        0xC0000024);
    EXPECT_EQ(Open(&Weak, Root, L"", KEY_READ & ~KEY_NOTIFY), 0);
    EXPECT_EQ(Watch(Weak, LAST_SET, FALSE), DENIED);
    NtClose(Weak);
    EXPECT_EQ((ULONG)Iosb.Status, UNTOUCHED);
}

int
main(void)
{
    HANDLE Root;

    Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    EXPECT_EQ(Open(&Root, NULL, L"\\Registry\\Machine\\Software\\ntlab-notify", KEY_ALL_ACCESS), 0);
    Table(Root);
    Several(Root);
    Waits(Root);
    Refused(Root);
    NtClose(Root);
    CloseHandle(Event);
    return TEST_DONE();
}
