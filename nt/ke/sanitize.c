/*
 * sanitize.c - the callbacks of images built with `-Xclang -fsanitize=thread`.
 *
 * Each plain access of such an image to memory that others may see is a schedule point, so races
 * that contain no call of the kernel are explored too. An atomic operation is one step: the point,
 * then the operation. In `run` a point costs what every other one does.
 *
 * The memory model is sequentially consistent: store buffers are not modelled. Which accesses are plain
 * and which are atomic or volatile matters to who looks for races (host/explore/sighting.c).
 */
#include "nt/ke/ki.h"

#define KI_CALLER __builtin_return_address(0)
#define KI_READ(Name, Size, Plain)                                                                 \
    VOID Name(PVOID Address)                                                                       \
    {                                                                                              \
        KiAccessPoint(SP_MEMORY_READ, Address, Size, KI_CALLER, Plain);                            \
    }
#define KI_WRITE(Name, Size, Plain)                                                                \
    VOID Name(PVOID Address)                                                                       \
    {                                                                                              \
        KiAccessPoint(SP_MEMORY_WRITE, Address, Size, KI_CALLER, Plain);                           \
    }
#define KI_ACCESS(Size)                                                                            \
    KI_READ(__tsan_read##Size, Size, TRUE)                                                         \
    KI_WRITE(__tsan_write##Size, Size, TRUE)                                                       \
    KI_READ(__tsan_unaligned_read##Size, Size, TRUE)                                               \
    KI_WRITE(__tsan_unaligned_write##Size, Size, TRUE)                                             \
    KI_READ(__tsan_volatile_read##Size, Size, FALSE)                                               \
    KI_WRITE(__tsan_volatile_write##Size, Size, FALSE)                                             \
    KI_READ(__tsan_unaligned_volatile_read##Size, Size, FALSE)                                     \
    KI_WRITE(__tsan_unaligned_volatile_write##Size, Size, FALSE)                                   \
    KI_WRITE(__tsan_read_write##Size, Size, TRUE)                                                  \
    KI_WRITE(__tsan_unaligned_read_write##Size, Size, TRUE)

KI_ACCESS(1)
KI_ACCESS(2)
KI_ACCESS(4)
KI_ACCESS(8)
KI_ACCESS(16)
KI_READ(__tsan_vptr_read, 8, TRUE)
KI_WRITE(__tsan_vptr_update, 8, TRUE)

VOID
__tsan_init(VOID)
{
}

VOID
__tsan_func_entry(PVOID Caller)
{
}

VOID
__tsan_func_exit(VOID)
{
}

VOID
__tsan_read_range(PVOID Address, ULONG64 Size)
{
    KiAccessPoint(SP_MEMORY_READ, Address, Size, KI_CALLER, TRUE);
}

VOID
__tsan_write_range(PVOID Address, ULONG64 Size)
{
    KiAccessPoint(SP_MEMORY_WRITE, Address, Size, KI_CALLER, TRUE);
}

PVOID
__tsan_memcpy(PVOID To, PVOID From, SIZE_T Size)
{
    return KiCopyInPieces(To, From, Size, KI_CALLER, TRUE);
}

PVOID
__tsan_memmove(PVOID To, PVOID From, SIZE_T Size)
{
    return KiCopyInPieces(To, From, Size, KI_CALLER, TRUE);
}

PVOID
__tsan_memset(PVOID To, int Value, SIZE_T Size)
{
    return KiFillInPieces(To, Value, Size, KI_CALLER, TRUE);
}

/* Order is the C memory order; all are as strong as the strongest here. */
#define KI_ATOMIC_UPDATE(Bits, Type, Name)                                                         \
    Type __tsan_atomic##Bits##_##Name(volatile Type *Address, Type Value, int Order)               \
    {                                                                                              \
        KiAccessPoint(SP_ATOMIC, Address, sizeof(Type), KI_CALLER, FALSE);                         \
        return __atomic_##Name(Address, Value, __ATOMIC_SEQ_CST);                                  \
    }
#define KI_ATOMIC(Bits, Type)                                                                      \
    Type __tsan_atomic##Bits##_load(const volatile Type *Address, int Order)                       \
    {                                                                                              \
        KiAccessPoint(SP_MEMORY_READ, Address, sizeof(Type), KI_CALLER, FALSE);                    \
        return *Address;                                                                           \
    }                                                                                              \
    VOID __tsan_atomic##Bits##_store(volatile Type *Address, Type Value, int Order)                \
    {                                                                                              \
        KiAccessPoint(SP_ATOMIC, Address, sizeof(Type), KI_CALLER, FALSE);                         \
        *Address = Value;                                                                          \
    }                                                                                              \
    Type __tsan_atomic##Bits##_exchange(volatile Type *Address, Type Value, int Order)             \
    {                                                                                              \
        KiAccessPoint(SP_ATOMIC, Address, sizeof(Type), KI_CALLER, FALSE);                         \
        return __atomic_exchange_n(Address, Value, __ATOMIC_SEQ_CST);                              \
    }                                                                                              \
    int __tsan_atomic##Bits##_compare_exchange_strong(volatile Type *Address, Type *Expected,      \
                                                      Type Value, int Order, int FailOrder)        \
    {                                                                                              \
        KiComparePoint(Address, sizeof(Type), *Expected, KI_CALLER);                               \
        return __atomic_compare_exchange_n(Address, Expected, Value, 0, __ATOMIC_SEQ_CST,          \
                                           __ATOMIC_SEQ_CST);                                      \
    }                                                                                              \
    int __tsan_atomic##Bits##_compare_exchange_weak(volatile Type *Address, Type *Expected,        \
                                                    Type Value, int Order, int FailOrder)          \
    {                                                                                              \
        return __tsan_atomic##Bits##_compare_exchange_strong(Address, Expected, Value, Order,      \
                                                             FailOrder);                           \
    }                                                                                              \
    Type __tsan_atomic##Bits##_compare_exchange_val(volatile Type *Address, Type Expected,         \
                                                    Type Value, int Order, int FailOrder)          \
    {                                                                                              \
        __tsan_atomic##Bits##_compare_exchange_strong(Address, &Expected, Value, Order,            \
                                                      FailOrder);                                  \
        return Expected;                                                                           \
    }                                                                                              \
    KI_ATOMIC_UPDATE(Bits, Type, fetch_add)                                                        \
    KI_ATOMIC_UPDATE(Bits, Type, fetch_sub)                                                        \
    KI_ATOMIC_UPDATE(Bits, Type, fetch_and)                                                        \
    KI_ATOMIC_UPDATE(Bits, Type, fetch_or)                                                         \
    KI_ATOMIC_UPDATE(Bits, Type, fetch_xor)                                                        \
    KI_ATOMIC_UPDATE(Bits, Type, fetch_nand)

KI_ATOMIC(8, UCHAR)
KI_ATOMIC(16, USHORT)
KI_ATOMIC(32, ULONG)
KI_ATOMIC(64, ULONG64)

VOID
__tsan_atomic_thread_fence(int Order)
{
}

VOID
__tsan_atomic_signal_fence(int Order)
{
}
