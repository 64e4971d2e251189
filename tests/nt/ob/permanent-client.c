/*
 * permanent-client.c - names that outlive their handles: made permanent by who may, made temporary again, by handle or from the beginning.
 * `permanent-client system` has SeCreatePermanentPrivilege, `permanent-client admin` has not.
 * [DDI:ntifs/zwmaketemporaryobject], [DDI:wdm/ns-wdm-_object_attributes] (OBJ_PERMANENT), [LEARN:secauthz/privilege-constants].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtMakePermanentObject(HANDLE);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE);
NTSTATUS NTAPI NtCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, int, BOOLEAN);
NTSTATUS NTAPI NtOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

#define NOT_HELD   0xC0000061u
#define NOT_FOUND  0xC0000034u
#define BAD_HANDLE 0xC0000008u
#define DENIED     0xC0000022u

static WCHAR Path[] = L"\\BaseNamedObjects\\ob-permanent";
static UNICODE_STRING Name = {sizeof(Path) - 2, sizeof(Path), Path};

static ULONG
Create(HANDLE *Event, ULONG Flags)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, Flags, NULL, NULL);
    return (ULONG)NtCreateEvent(Event, EVENT_ALL_ACCESS, &Attributes, 0, FALSE);
}

static ULONG
Open(HANDLE *Event, ULONG Access)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    return (ULONG)NtOpenEvent(Event, Access, &Attributes);
}

static BOOL
IsThere(void)
{
    HANDLE Event;
    ULONG Status = Open(&Event, SYNCHRONIZE);

    EXPECT(Status == 0 || Status == NOT_FOUND);
    if (Status == 0) {
        CloseHandle(Event);
    }
    return Status == 0;
}

static void
Allowed(void)
{
    HANDLE Event, Same, Plain = CreateEventA(NULL, TRUE, FALSE, NULL);

    for (int Round = 0; Round < 2; Round++) {
        EXPECT_EQ(Create(&Event, Round == 0 ? 0 : OBJ_PERMANENT), 0);
        if (Round == 0) {
            EXPECT_EQ(NtMakePermanentObject(Event), 0);
            EXPECT_EQ(NtMakePermanentObject(Event), 0); /* it is already */
        }
        EXPECT(SetEvent(Event));
        CloseHandle(Event);
        EXPECT(IsThere());
        EXPECT_EQ(Open(&Event, SYNCHRONIZE), 0);
        EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0); /* the same one */
        EXPECT_EQ((ULONG)NtMakeTemporaryObject(Event), DENIED);  /* asks for DELETE */
        EXPECT_EQ(Open(&Same, DELETE), 0);
        EXPECT_EQ(NtMakeTemporaryObject(Same), 0);
        CloseHandle(Same);
        EXPECT(IsThere()); /* until its last handle */
        CloseHandle(Event);
        EXPECT(!IsThere());
    }
    EXPECT_EQ(NtMakePermanentObject(Plain), 0); /* has no name to be found by */
    CloseHandle(Plain);
    EXPECT_EQ((ULONG)NtMakePermanentObject(Plain), BAD_HANDLE);
}

static void
Refused(void)
{
    HANDLE Event;

    EXPECT_EQ(Create(&Event, OBJ_PERMANENT), NOT_HELD);
    EXPECT_EQ(Create(&Event, 0), 0);
    EXPECT_EQ((ULONG)NtMakePermanentObject(Event), NOT_HELD);
    EXPECT_EQ((ULONG)NtMakePermanentObject((HANDLE)0x7774), NOT_HELD); /* before the handle */
    CloseHandle(Event);
    EXPECT(!IsThere());
}

int
main(int Count, char **Words)
{
    if (Count > 1 && strcmp(Words[1], "system") == 0) {
        Allowed();
    } else {
        Refused();
    }
    return TEST_DONE();
}
