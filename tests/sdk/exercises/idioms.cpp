/*
 * idioms.cpp - a minifilter in C++: operators new of its own, guards with destructors, templates, virtual routines,
 * lambdas as callbacks, a static object (whose constructor nobody calls, as on Windows), the secure routines that find an array's size.
 */
#include <fltKernel.h>
#include <dontuse.h>
#include <stdio.h>
#include <wchar.h>
#include <initializer_list>

#define TAG 'midI'

template <typename LockType> class Guard
{
  public:
    explicit Guard(LockType &Held) : Lock(Held)
    {
        Lock.Acquire();
    }
    ~Guard()
    {
        Lock.Release();
    }

  private:
    LockType &Lock;
};

class FastLock
{
  public:
    void Initialize()
    {
        ExInitializeFastMutex(&Mutex);
    }
    void Acquire()
    {
        ExAcquireFastMutex(&Mutex);
    }
    void Release()
    {
        ExReleaseFastMutex(&Mutex);
    }

  private:
    FAST_MUTEX Mutex;
};

void *
operator new(size_t Size, POOL_TYPE Type, ULONG Tag)
{
    return ExAllocatePoolWithTag(Type, Size, Tag);
}

void *
operator new[](size_t Size, POOL_FLAGS Flags, ULONG Tag)
{
    return ExAllocatePool2(Flags, Size, Tag);
}

void
operator delete(void *Block, size_t)
{
    ExFreePool(Block);
}

void
operator delete[](void *Block)
{
    ExFreePool(Block);
}

struct Counter {
    virtual ~Counter() = default;
    virtual int Next() = 0;
};

struct Fibonacci final : Counter {
    int Next() override
    {
        auto Sum = First + Second;

        First = Second;
        Second = Sum;
        return First;
    }
    int First{0}, Second{1};
};

struct Table {
    Table() : Count(7)
    {
        InitializeListHead(&Head);
    }
    int Count;
    LIST_ENTRY Head;
};

static int
Sum(std::initializer_list<int> List)
{
    auto Total = 0;

    for (auto Value : List) {
        Total += Value;
    }
    return Total;
}

template <typename... Types>
static void
Say(PCSTR Format, Types... Arguments)
{
    DbgPrint(Format, Arguments...);
}

FastLock Lock;
Table Global;
PFLT_FILTER Filter;
static LONG Opens;

EXTERN_C_START
DRIVER_INITIALIZE DriverEntry;
NTSTATUS Unload(_In_ FLT_FILTER_UNLOAD_FLAGS Flags);
EXTERN_C_END

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, Unload)
#endif

CONST FLT_OPERATION_REGISTRATION Callbacks[] = {
    {IRP_MJ_CREATE, 0,
     [](PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS, PVOID *) {
         auto &Create = Data->Iopb->Parameters.Create;

         if (Data->RequestorMode == KernelMode || (Create.Options & FILE_DIRECTORY_FILE) != 0) {
             return FLT_PREOP_SUCCESS_NO_CALLBACK;
         }
         Guard<FastLock> Hold(Lock);

         Opens++;
         return FLT_PREOP_SUCCESS_NO_CALLBACK;
     },
     nullptr},
    {IRP_MJ_OPERATION_END}};

CONST FLT_REGISTRATION Registration = {
    sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, nullptr, Callbacks, Unload};

NTSTATUS
Unload(FLT_FILTER_UNLOAD_FLAGS)
{
    PAGED_CODE();
    FltUnregisterFilter(Filter);
    Say("idioms: opens %d\n", Opens != 0);
    return STATUS_SUCCESS;
}

extern "C" NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING)
{
    WCHAR Text[32], Number[8];
    CHAR Narrow[8];

    Lock.Initialize();
    {
        Guard<FastLock> Hold(Lock);
        Counter *Count = new (PagedPool, TAG) Fibonacci;
        auto Words = new (POOL_FLAG_PAGED, TAG) WCHAR[20];
        auto Add = [](int Value) { return Value + Global.Count; };

        Count->Next();
        Count->Next();
        Count->Next();
        wcscpy_s(Text, L"one");
        wcscat_s(Text, L" two");
        wcsncpy_s(Number, L"threefour", 5);
        swprintf_s(Words, 20, L"%d", Count->Next());
        sprintf_s(Narrow, "%d", Add(5));
        Say("idioms: %ws %ws %ws %s %d\n", Text, Number, Words, Narrow, Sum({1, 2, 3}));
        swprintf(Text, L"%d", 12345);
        Say("idioms: %ws %d\n", Text, swprintf(Text, 4, L"%d", 12345));
        delete[] Words;
        delete Count;
    }
    auto Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}
