/*
 * seh.c - exceptions that programs meet: vectored handlers, the last filter, C++-like unwinding by hand.
 *
 * mingw's C has no __try, so frames are not tested here but in msvcrt's and the kernel's tests.
 */
#include "../../nt/ntlab-client.h"
#include <setjmp.h>

static volatile LONG Seen;
static DWORD Code;
static ULONG_PTR Info[2];

static LONG CALLBACK
Skip(PEXCEPTION_POINTERS Pointers)
{
    Seen++;
    Code = Pointers->ExceptionRecord->ExceptionCode;
    Info[0] = Pointers->ExceptionRecord->ExceptionInformation[0];
    Info[1] = Pointers->ExceptionRecord->ExceptionInformation[1];
    Pointers->ContextRecord->Rip =
        *(DWORD64 *)Pointers->ContextRecord->Rsp; /* as if the function had returned */
    Pointers->ContextRecord->Rsp += 8;
    Pointers->ContextRecord->Rax = 42;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static LONG CALLBACK
Pass(PEXCEPTION_POINTERS Pointers)
{
    Seen += 100;
    return EXCEPTION_CONTINUE_SEARCH;
}

int ReadFrom(void *Address);
int WriteTo(void *Address);
int Divide(int Zero);
int Illegal(void);
int Privileged(void);
__asm__(".globl ReadFrom, WriteTo, Divide, Illegal, Privileged\n"
        "ReadFrom: movl (%rcx), %eax\n ret\n"
        "WriteTo: movl %eax, (%rcx)\n ret\n"
        "Divide: movl $1, %eax\n cltd\n idivl %ecx\n ret\n"
        "Illegal: ud2\n ret\n"
        "Privileged: hlt\n ret\n");

static void
Vectored(void)
{
    PVOID First = AddVectoredExceptionHandler(1, Skip), Before;

    EXPECT(First != NULL);
    EXPECT_EQ(ReadFrom((void *)8), 42);
    EXPECT_EQ(Code, EXCEPTION_ACCESS_VIOLATION);
    EXPECT_EQ(Info[0], 0); /* a read */
    EXPECT_EQ(Info[1], 8);
    EXPECT_EQ(WriteTo((void *)16), 42);
    EXPECT_EQ(Info[0], 1);
    EXPECT_EQ(Info[1], 16);
    EXPECT_EQ(Divide(0), 42);
    EXPECT_EQ(Code, EXCEPTION_INT_DIVIDE_BY_ZERO);
    EXPECT_EQ(Illegal(), 42);
    EXPECT_EQ(Code, EXCEPTION_ILLEGAL_INSTRUCTION);
    EXPECT_EQ(Privileged(), 42);
    EXPECT_EQ(Code, EXCEPTION_PRIV_INSTRUCTION);
    Before = AddVectoredExceptionHandler(1, Pass);
    Seen = 0;
    EXPECT_EQ(ReadFrom((void *)24), 42);
    EXPECT_EQ(Seen, 101); /* the one that was added first, then the other */
    EXPECT(RemoveVectoredExceptionHandler(Before));
    EXPECT(!RemoveVectoredExceptionHandler(Before));
    Seen = 0;
    ReadFrom((void *)32);
    EXPECT_EQ(Seen, 1);
    EXPECT(RemoveVectoredExceptionHandler(First));
}

static LONG CALLBACK
Count(PEXCEPTION_POINTERS Pointers)
{
    Seen++;
    Code = Pointers->ExceptionRecord->ExceptionCode;
    Info[0] = Pointers->ExceptionRecord->NumberParameters;
    Info[1] = Pointers->ExceptionRecord->ExceptionInformation[1];
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void
Raised(void)
{
    ULONG_PTR Arguments[2] = {5, 6};
    PVOID Handler = AddVectoredExceptionHandler(1, Count);

    Seen = 0;
    RaiseException(0xE0000001, 0, 2, Arguments); /* continued: it returns */
    EXPECT_EQ(Seen, 1);
    EXPECT_EQ(Code, 0xE0000001);
    EXPECT_EQ(Info[0], 2);
    EXPECT_EQ(Info[1], 6);
    RemoveVectoredExceptionHandler(Handler);
}

static jmp_buf Jump;

static LONG WINAPI
Last(PEXCEPTION_POINTERS Pointers)
{
    Code = Pointers->ExceptionRecord->ExceptionCode;
    longjmp(Jump, 1);
}

static void
LastFilter(void)
{
    LPTOP_LEVEL_EXCEPTION_FILTER Old = SetUnhandledExceptionFilter(Last);

    if (setjmp(Jump) == 0) {
        ReadFrom((void *)40);
        EXPECT(0);
    } else {
        EXPECT_EQ(Code, EXCEPTION_ACCESS_VIOLATION);
    }
    EXPECT(SetUnhandledExceptionFilter(Old) == Last);
}

static void
Pages(void)
{
    DWORD Old = 0;
    char *Page = VirtualAlloc(NULL, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    MEMORY_BASIC_INFORMATION Memory;
    PVOID Handler = AddVectoredExceptionHandler(1, Skip);

    EXPECT(Page != NULL);
    Page[0] = 7;
    EXPECT(VirtualProtect(Page, 0x1000, PAGE_READONLY, &Old));
    EXPECT_EQ(Old, PAGE_READWRITE);
    Seen = 0;
    WriteTo(Page);
    EXPECT_EQ(Seen, 1);
    EXPECT_EQ(Info[0], 1);
    EXPECT_EQ(Page[0], 7);
    EXPECT_EQ(VirtualQuery(Page, &Memory, sizeof(Memory)), sizeof(Memory));
    EXPECT_EQ(Memory.Protect, PAGE_READONLY);
    EXPECT_EQ(Memory.RegionSize, 0x1000);
    EXPECT_EQ(Memory.State, MEM_COMMIT);
    EXPECT_EQ(Memory.Type, MEM_PRIVATE);
    EXPECT(VirtualProtect(Page, 0x1000, PAGE_READWRITE | PAGE_GUARD, &Old));
    Seen = 0;
    ReadFrom(Page);
    EXPECT_EQ(Code, EXCEPTION_GUARD_PAGE);
    EXPECT_EQ(ReadFrom(Page) & 0xFF, 7); /* once */
    EXPECT(VirtualFree(Page, 0, MEM_RELEASE));
    Seen = 0;
    ReadFrom(Page);
    EXPECT_EQ(Seen, 1);
    RemoveVectoredExceptionHandler(Handler);
}

int
main(void)
{
    Vectored();
    Raised();
    LastFilter();
    Pages();
    return TEST_DONE();
}
