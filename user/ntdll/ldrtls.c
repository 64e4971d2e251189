/*
 * ldrtls.c - static thread-local storage: TLS directories of images, one block for each image and thread.
 *
 * An image with a TLS directory gets an index; code finds its block at
 * TEB.ThreadLocalStoragePointer[index]. The vector has room for all indices that exist, and room to grow.
 * When an image with a directory is loaded later, every thread that runs gets its block at once; its old vector
 * is kept until the thread ends, because the thread may be reading it.
 *
 * All under the loader lock. A block and a vector begin with a link to the one that they replaced.
 */
#include "user/ntdll/ntdllp.h"

#define LDRP_TLS_ROOM 8

typedef struct _LDRP_TLS_VECTOR {
    struct _LDRP_TLS_VECTOR *Replaced;
    ULONG Capacity;
    ULONG Reserved;
    PVOID Slots[1];
} LDRP_TLS_VECTOR, *PLDRP_TLS_VECTOR;

static PLDRP_TLS_VECTOR
LdrpVectorOf(PTEB Teb)
{
    return Teb->ThreadLocalStoragePointer == NULL
               ? NULL
               : CONTAINING_RECORD(Teb->ThreadLocalStoragePointer, LDRP_TLS_VECTOR, Slots);
}

static PVOID
LdrpMakeTlsBlock(PLDR_DATA_TABLE_ENTRY Entry)
{
    PUCHAR Block = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, max(Entry->TlsSize, 1));

    if (Block != NULL) {
        RtlCopyMemory(Block, (PVOID)Entry->Tls->StartAddressOfRawData,
                      Entry->Tls->EndAddressOfRawData - Entry->Tls->StartAddressOfRawData);
    }
    return Block;
}

/* Room for Count indices in Teb's vector. */
static NTSTATUS
LdrpGrowVector(PTEB Teb, ULONG Count)
{
    PLDRP_TLS_VECTOR Old = LdrpVectorOf(Teb), New;
    ULONG Capacity = Count + LDRP_TLS_ROOM;

    if (Old != NULL && Old->Capacity >= Count) {
        return STATUS_SUCCESS;
    }
    New = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY,
                          sizeof(*New) + Capacity * sizeof(PVOID));
    if (New == NULL) {
        return STATUS_NO_MEMORY;
    }
    New->Capacity = Capacity;
    New->Replaced = Old;
    if (Old != NULL) {
        RtlCopyMemory(New->Slots, Old->Slots, Old->Capacity * sizeof(PVOID));
    } else {
        InsertTailList(&LdrpThreads, &Teb->TlsLinks);
    }
    Teb->ThreadLocalStoragePointer = New->Slots;
    return STATUS_SUCCESS;
}

NTSTATUS
LdrpInitTls(PLDR_DATA_TABLE_ENTRY Entry)
{
    ULONG Size;
    PIMAGE_TLS_DIRECTORY64 Tls =
        RtlImageDirectoryEntryToData(Entry->DllBase, TRUE, IMAGE_DIRECTORY_ENTRY_TLS, &Size);
    PLIST_ENTRY Links;

    if (Tls == NULL || Entry->Tls != NULL) {
        return STATUS_SUCCESS;
    }
    Entry->Tls = Tls;
    Entry->TlsSize =
        (ULONG)(Tls->EndAddressOfRawData - Tls->StartAddressOfRawData) + Tls->SizeOfZeroFill;
    Entry->TlsIndex = (USHORT)LdrpTlsCount++;
    if (Tls->AddressOfIndex != 0) {
        *(PULONG)Tls->AddressOfIndex = Entry->TlsIndex;
    }
    for (Links = LdrpThreads.Flink; Links != &LdrpThreads; Links = Links->Flink) {
        PTEB Teb = CONTAINING_RECORD(Links, TEB, TlsLinks);
        PVOID Block = LdrpMakeTlsBlock(Entry);

        if (Block == NULL || !NT_SUCCESS(LdrpGrowVector(Teb, LdrpTlsCount))) {
            return STATUS_NO_MEMORY;
        }
        Teb->ThreadLocalStoragePointer[Entry->TlsIndex] = Block;
    }
    return STATUS_SUCCESS;
}

NTSTATUS
LdrpThreadTls(VOID)
{
    PTEB Teb = NtCurrentTeb();
    PLIST_ENTRY Links;

    if (!NT_SUCCESS(LdrpGrowVector(Teb, LdrpTlsCount))) {
        return STATUS_NO_MEMORY;
    }
    for (Links = LdrpData.InLoadOrderModuleList.Flink; Links != &LdrpData.InLoadOrderModuleList;
         Links = Links->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry =
            CONTAINING_RECORD(Links, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);

        if (Entry->Tls != NULL) {
            PVOID Block = LdrpMakeTlsBlock(Entry);

            if (Block == NULL) {
                return STATUS_NO_MEMORY;
            }
            Teb->ThreadLocalStoragePointer[Entry->TlsIndex] = Block;
        }
    }
    return STATUS_SUCCESS;
}

VOID
LdrpFreeThreadTls(VOID)
{
    PTEB Teb = NtCurrentTeb();
    PLDRP_TLS_VECTOR Vector = LdrpVectorOf(Teb), Next;
    ULONG Index;

    if (Vector == NULL) {
        return;
    }
    RemoveEntryList(&Teb->TlsLinks);
    Teb->TlsLinks.Flink = NULL; /* now the kernel may free the block when the thread ends */
    Teb->ThreadLocalStoragePointer = NULL;
    for (Index = 0; Index < Vector->Capacity; Index++) {
        if (Vector->Slots[Index] != NULL) {
            RtlFreeHeap(RtlProcessHeap(), 0, Vector->Slots[Index]);
        }
    }
    for (; Vector != NULL; Vector = Next) {
        Next = Vector->Replaced;
        RtlFreeHeap(RtlProcessHeap(), 0, Vector);
    }
}

VOID
LdrpCallTlsCallbacks(PLDR_DATA_TABLE_ENTRY Entry, ULONG Reason)
{
    PIMAGE_TLS_CALLBACK *Callback;

    if (Entry->Tls == NULL || Entry->Tls->AddressOfCallBacks == 0) {
        return;
    }
    for (Callback = (PIMAGE_TLS_CALLBACK *)Entry->Tls->AddressOfCallBacks; *Callback != NULL;
         Callback++) {
        (*Callback)(Entry->DllBase, Reason, NULL);
    }
}
