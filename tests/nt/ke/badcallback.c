/*
 * badcallback.c - what a bug check callback does is done: it runs at HIGH_LEVEL with its buffer and length, after the
 * bug check was called. [DDI:wdm/keregisterbugcheckcallback]
 */
#include "../ntlab-test.h"

static KBUGCHECK_CALLBACK_RECORD First, Second;
static ULONG Word = 0x1234;

static VOID NTAPI
Tell(PVOID Buffer, ULONG Length)
{
    EXPECT_EQ(KeGetCurrentIrql(), HIGH_LEVEL);
    EXPECT_EQ(Length, sizeof(Word));
    EXPECT(Buffer == &Word && *(PULONG)Buffer == 0x1234);
    EXPECT_EQ(First.State, BufferStarted);
    DbgPrint("the callback has run\n");
    if (CASE == 3) {
        *(volatile ULONG *)0x10 = 0; /* the bug check stays the first one */
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    KeInitializeCallbackRecord((&First));
    KeInitializeCallbackRecord((&Second));
    KeRegisterBugCheckCallback(&Second, Tell, NULL, 0, (PUCHAR) "gone");
    KeRegisterBugCheckCallback(&First, Tell, &Word, sizeof(Word), (PUCHAR) "here");
    KeDeregisterBugCheckCallback(&Second);
    if (CASE != 2) {
        KeBugCheckEx(0xDEADBEEF, 1, 2, 3, 4);
    }
    KeBugCheck(0xDEADBEEF);
}
