/*
 * handlemodel-client.c - a process's handles against a model: hundreds of objects made, opened, duplicated with every option, protected, closed, and after each step
 * every handle says the access, the attributes and the count of handles that the model has; names end with the last handle. And what
 * duplication refuses. [DDI:wdm/zwduplicateobject], [LEARN:handleapi/duplicatehandle], [LEARN:handleapi/sethandleinformation],
 * [DDI:ntifs/ntqueryobject], [DDI:wdm/zwclose].
 */
#include "../ntlab-client.h"
#include <winternl.h>

#define SEED 17
#include "../draw.h"

NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetInformationObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG);
NTSTATUS NTAPI NtCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, int, BOOLEAN);
NTSTATUS NTAPI NtOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtSetEvent(HANDLE, PLONG);
NTSTATUS NTAPI NtDuplicateObject(HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);

#define SELF         ((HANDLE) - 1)
#define BAD_HANDLE   0xC0000008
#define NOT_CLOSABLE 0xC0000235
#define NOT_FOUND    0xC0000034
#define COLLISION    0xC0000035
#define DENIED       0xC0000022
#define BAD_ADDRESS  0xC0000005
#define FAR_AWAY     ((void *)0x400080000000ull)
#define OBJECTS      5
#define MOST         60

typedef struct {
    HANDLE Handle;
    ULONG Object, Access;
    BYTE Inherit, Protect;
} MINE;

static MINE Mine[MOST];
static ULONG Count, Bad[6], Tried[6];
static BOOL Exists[OBJECTS];
static const PCWSTR Names[OBJECTS] = {NULL, L"\\BaseNamedObjects\\hm-one", NULL,
                                      L"\\BaseNamedObjects\\hm-two",
                                      L"\\BaseNamedObjects\\hm-three"};

static ULONG
Handles(ULONG Object)
{
    ULONG Sum = 0;

    for (ULONG i = 0; i < Count; i++) {
        Sum += Mine[i].Object == Object;
    }
    return Sum;
}

static POBJECT_ATTRIBUTES
At(ULONG Object, ULONG Flags)
{
    static UNICODE_STRING Name;
    static OBJECT_ATTRIBUTES Attributes;

    if (Names[Object] != NULL) {
        Name.Length = (USHORT)(lstrlenW(Names[Object]) * 2);
        Name.MaximumLength = Name.Length + 2;
        Name.Buffer = (PWSTR)Names[Object];
    }
    InitializeObjectAttributes(&Attributes, Names[Object] != NULL ? &Name : NULL, Flags, NULL,
                               NULL);
    return &Attributes;
}

static const ULONG Rights[] = {EVENT_ALL_ACCESS, EVENT_MODIFY_STATE, SYNCHRONIZE,
                               1 | SYNCHRONIZE,  READ_CONTROL,       GENERIC_READ};

static ULONG
Mapped(ULONG Access)
{
    return Access == GENERIC_READ ? 0x20001 : Access;
}

static void
Check(void)
{
    for (ULONG i = 0; i < Count; i++) {
        ULONG Basic[15], Length = 0;
        BYTE Flags[3] = {0xCC, 0xCC, 0xCC};

        Bad[4] += NtQueryObject(Mine[i].Handle, 0, Basic, 56, &Length) != 0 || Length != 56;
        Bad[4] += Basic[0] != (Mine[i].Inherit ? OBJ_INHERIT : 0);
        Bad[4] += Basic[1] != Mine[i].Access || Basic[2] != Handles(Mine[i].Object);
        Bad[4] += NtQueryObject(Mine[i].Handle, 4, Flags, 2, &Length) != 0 ||
                  Flags[0] != Mine[i].Inherit || Flags[1] != Mine[i].Protect || Flags[2] != 0xCC;
        Bad[4] +=
            (NtSetEvent(Mine[i].Handle, NULL) == 0) != ((Mine[i].Access & EVENT_MODIFY_STATE) != 0);
        for (ULONG k = 0; k < i; k++) {
            Bad[4] += Mine[k].Handle == Mine[i].Handle;
        }
    }
}

static void
Add(HANDLE Handle, ULONG Object, ULONG Access, BYTE Inherit, BYTE Protect)
{
    Mine[Count++] = (MINE){Handle, Object, Access, Inherit, Protect};
}

static void
Make(void)
{
    ULONG Object = Any(OBJECTS), Access = Rights[Any(6)], Inherit = Any(2), Status;
    HANDLE Handle = NULL;

    if (Names[Object] == NULL && Exists[Object]) {
        return; /* there is no other way to it */
    }
    Tried[0]++;
    Status = (ULONG)NtCreateEvent(&Handle, Access, At(Object, Inherit ? OBJ_INHERIT : 0), 0, FALSE);
    if (Exists[Object]) {
        Bad[0] += Status != COLLISION || Handle != NULL;
        Status = (ULONG)NtOpenEvent(&Handle, Access, At(Object, Inherit ? OBJ_INHERIT : 0));
    }
    Bad[0] += Status != 0;
    Exists[Object] = TRUE;
    Add(Handle, Object, Mapped(Access), (BYTE)Inherit, 0);
}

static void
Remove(ULONG i)
{
    ULONG Object = Mine[i].Object;

    Mine[i] = Mine[--Count];
    Exists[Object] = Handles(Object) != 0;
    if (!Exists[Object] && Names[Object] != NULL) {
        HANDLE Handle;

        Bad[1] += (ULONG)NtOpenEvent(&Handle, SYNCHRONIZE, At(Object, 0)) != NOT_FOUND;
    }
}

static void
Close(void)
{
    ULONG i = Any(Count);
    HANDLE Handle = Mine[i].Handle;

    Tried[1]++;
    if (Mine[i].Protect) {
        Bad[1] += (ULONG)NtClose(Handle) != NOT_CLOSABLE;
        return;
    }
    Bad[1] += NtClose(Handle) != 0;
    Bad[1] += (ULONG)NtSetEvent(Handle, NULL) != BAD_HANDLE;
    Remove(i);
}

/* 1: the source is closed; 2: the same access; 4: the same attributes. */
static void
Duplicate(void)
{
    ULONG i = Any(Count), Options = Any(8), Access = Rights[Any(6)], Inherit = Any(2), Status;
    HANDLE New = NULL;
    MINE From = Mine[i];

    Tried[2]++;
    if ((Options & 1) && From.Protect) {
        return; /* what becomes of that is not documented */
    }
    Status = (ULONG)NtDuplicateObject(SELF, From.Handle, SELF, &New, Access,
                                      Inherit ? OBJ_INHERIT : 0, Options);
    Bad[2] += Status != 0 || New == NULL;
    if (Options & 1) {
        Mine[i] = Mine[--Count];
    }
    Add(New, From.Object, Options & 2 ? From.Access : Mapped(Access),
        Options & 4 ? From.Inherit : (BYTE)Inherit, Options & 4 ? From.Protect : 0);
}

static void
Flags(void)
{
    ULONG i = Any(Count);
    BYTE New[2] = {(BYTE)Any(2), (BYTE)(Any(4) == 0)};

    Tried[3]++;
    Bad[3] += NtSetInformationObject(Mine[i].Handle, 4, New, 2) != 0;
    Mine[i].Inherit = New[0];
    Mine[i].Protect = New[1];
}

static void
Steps(void)
{
    for (ULONG Step = 0; Step < 500; Step++) {
        ULONG What = Any(10);

        if (Count == 0 || (What < 3 && Count < MOST)) {
            Make();
        } else if (What < 6) {
            Close();
        } else if (What < 8 && Count < MOST) {
            Duplicate();
        } else {
            Flags();
        }
        if (Step % 4 == 0) {
            Check();
        }
    }
    for (ULONG i = 0; i < 5; i++) {
        EXPECT_EQ(Bad[i], 0);
        EXPECT(i == 4 || Tried[i] > 20);
    }
    while (Count != 0) {
        BYTE New[2] = {0, 0};

        EXPECT_EQ(NtSetInformationObject(Mine[0].Handle, 4, New, 2), 0);
        EXPECT_EQ(NtClose(Mine[0].Handle), 0);
        Remove(0);
    }
}

static void
Refused(void)
{
    HANDLE Event, New = (HANDLE)0x77, Weak;

    EXPECT_EQ(NtCreateEvent(&Event, SYNCHRONIZE, NULL, 0, FALSE), 0);
    EXPECT_EQ((ULONG)NtDuplicateObject(SELF, (HANDLE)0x7770, SELF, &New, 0, 0, 2), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtDuplicateObject((HANDLE)0x7770, Event, SELF, &New, 0, 0, 2), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtDuplicateObject(SELF, Event, (HANDLE)0x7770, &New, 0, 0, 2), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtDuplicateObject(Event, Event, SELF, &New, 0, 0, 2), 0xC0000024);
    EXPECT_EQ((ULONG)NtDuplicateObject(SELF, Event, Event, &New, 0, 0, 2), 0xC0000024);
    EXPECT_EQ((ULONG)NtDuplicateObject(SELF, Event, SELF, FAR_AWAY, 0, 0, 2), BAD_ADDRESS);
    EXPECT_EQ(NtDuplicateObject(SELF, SELF, SELF, &Weak, PROCESS_QUERY_INFORMATION, 0, 0), 0);
    EXPECT_EQ((ULONG)NtDuplicateObject(Weak, Event, SELF, &New, 0, 0, 2), DENIED);
    EXPECT_EQ((ULONG)NtDuplicateObject(SELF, Event, Weak, &New, 0, 0, 2), DENIED);
    NtClose(Weak);
    EXPECT_EQ(NtSetEvent(Event, NULL) != 0,
              1); /* it may only be waited for; and it is still there */
    EXPECT_EQ((ULONG)NtDuplicateObject(SELF, Event, NULL, NULL, 0, 0, 1), 0); /* closed alone */
    EXPECT_EQ((ULONG)NtClose(Event), BAD_HANDLE);
    /* what is no handle: the pseudo handles are copied, closed they are not */
    EXPECT_EQ(NtDuplicateObject(SELF, (HANDLE)-2, SELF, &New, 0, 0, 2), 0);
    EXPECT(New != (HANDLE)-2);
    EXPECT_EQ(NtClose(New), 0);
    EXPECT_EQ((ULONG)NtClose(NULL), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtClose((HANDLE)0x7771), BAD_HANDLE);
}

int
main(void)
{
    Steps();
    Refused();
    return TEST_DONE();
}
