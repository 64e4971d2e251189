/*
 * ntlab-test.h - checks in a test driver. One check is one documented sentence, with its source beside it.
 *
 * A test driver imports documented routines only, so it loads on Windows as well: there the lines are
 * read with a debugger or DebugView. It runs its cases in DriverEntry and unloads.
 *
 *     static VOID SetReturnsPrevious(VOID)
 *     {
 *         KeInitializeEvent(&Event, NotificationEvent, FALSE);
 *         EXPECT_EQ(KeSetEvent(&Event, 0, FALSE), 0);  // [DDI:wdm/kesetevent]
 *     }
 *     TEST_DRIVER(TEST(SetReturnsPrevious), …)
 *
 * Lines:  ntlab-test: ok|FAIL|todo|skip CASE:LINE TEXT        and at the end        ntlab-test: done PASSED FAILED
 * A case that ends the system with a bugcheck is a driver of its own; tests.list says which code it expects.
 */
#ifndef NTLAB_TEST_H
#define NTLAB_TEST_H

#include <ntifs.h>

typedef struct _NTLAB_TEST {
    const char *Name;
    VOID (*Routine)(VOID);
} NTLAB_TEST;

static const char *NtlabCase = "?";
static LONG NtlabPassed, NtlabFailed;

static inline VOID
NtlabReport(BOOLEAN Good, int Line, const char *Text)
{
    if (Good) {
        InterlockedIncrement(&NtlabPassed);
    } else {
        InterlockedIncrement(&NtlabFailed);
    }
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: %s %s:%d %s\n",
               Good ? "ok" : "FAIL", NtlabCase, Line, Text);
}

static inline VOID
NtlabReportEqual(LONGLONG Actual, LONGLONG Expected, int Line, const char *Text)
{
    NtlabReport(Actual == Expected, Line, Text);
    if (Actual != Expected) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                   "ntlab-test: note %s:%d got 0x%I64x, expected 0x%I64x\n", NtlabCase, Line,
                   Actual, Expected);
    }
}

/* True. */
#define EXPECT(Condition) NtlabReport((Condition) ? TRUE : FALSE, __LINE__, #Condition)
/* Integers or pointers that must be equal; both are shown if not. */
#define EXPECT_EQ(Actual, Expected)                                                                \
    NtlabReportEqual((LONGLONG)(Actual), (LONGLONG)(Expected), __LINE__, #Actual " == " #Expected)
#define EXPECT_STATUS(Actual, Expected)                                                            \
    NtlabReportEqual((LONG)(Actual), (LONG)(Expected), __LINE__, #Actual " == " #Expected)
/* The statement raises this status. */
#define EXPECT_RAISES(Statement, Expected)                                                         \
    do {                                                                                           \
        NTSTATUS NtlabRaised = STATUS_SUCCESS;                                                     \
        __try {                                                                                    \
            Statement;                                                                             \
        } __except (EXCEPTION_EXECUTE_HANDLER) {                                                   \
            NtlabRaised = GetExceptionCode();                                                      \
        }                                                                                          \
        NtlabReportEqual((LONG)NtlabRaised, (LONG)(Expected), __LINE__,                            \
                         #Statement " raises " #Expected);                                         \
    } while (0)
/* Known to be wrong here: an unexpected pass fails. */
#define TODO(Condition)                                                                            \
    ((Condition)                                                                                   \
         ? NtlabReport(FALSE, __LINE__, "TODO that passes: " #Condition)                           \
         : (VOID)DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,                               \
                            "ntlab-test: todo %s:%d %s\n", NtlabCase, __LINE__, #Condition))
/* Windows documents both outcomes; it must be one of them. */
#define WINDOWS_MAY(First, Second) NtlabReport((First) || (Second), __LINE__, #First " or " #Second)
#define SKIP(Why)                                                                                  \
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: skip %s:%d %s\n", NtlabCase,  \
               __LINE__, Why)

#define TEST(Routine) {#Routine, Routine}

static inline VOID
NtlabRun(const NTLAB_TEST *Tests, SIZE_T Count)
{
    for (SIZE_T Index = 0; Index < Count; Index++) {
        NtlabCase = Tests[Index].Name;
        Tests[Index].Routine();
        if (KeGetCurrentIrql() != PASSIVE_LEVEL) {
            NtlabReport(FALSE, __LINE__, "the case left the IRQL raised");
            KeLowerIrql(PASSIVE_LEVEL);
        }
    }
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: done %d %d\n", NtlabPassed,
               NtlabFailed);
}

#define TEST_DRIVER(...)                                                                           \
    static VOID NTAPI NtlabUnload(PDRIVER_OBJECT DriverObject)                                     \
    {                                                                                              \
    }                                                                                              \
    NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)          \
    {                                                                                              \
        static const NTLAB_TEST Tests[] = {__VA_ARGS__};                                           \
                                                                                                   \
        DriverObject->DriverUnload = NtlabUnload;                                                  \
        NtlabRun(Tests, RTL_NUMBER_OF(Tests));                                                     \
        return STATUS_SUCCESS;                                                                     \
    }

#endif
