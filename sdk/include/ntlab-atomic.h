/*
 * ntlab-atomic.h - barriers, ordered loads and stores, and interlocked operations of other sizes, as newer WDKs' wdm.h has
 * them inline. On x64 a load acquires and a store releases by itself; what an interlocked name says of fences is met by
 * all of them. [DDI: wdm.h]
 */
#ifndef NTLAB_ATOMIC_H
#define NTLAB_ATOMIC_H

#ifndef KeMemoryBarrier
#define KeMemoryBarrier() __faststorefence()
#endif
#ifndef KeMemoryBarrierWithoutFence
#define KeMemoryBarrierWithoutFence() _ReadWriteBarrier()
#endif
#ifndef MemoryBarrier
#define MemoryBarrier() __faststorefence()
#endif

#define NTLAB_ORDERED(Name, Type)                                                                  \
    FORCEINLINE Type Read##Name##Acquire(Type const volatile *Source)                              \
    {                                                                                              \
        Type Value = *Source;                                                                      \
        _ReadWriteBarrier();                                                                       \
        return Value;                                                                              \
    }                                                                                              \
    FORCEINLINE Type Read##Name##NoFence(Type const volatile *Source)                              \
    {                                                                                              \
        return *Source;                                                                            \
    }                                                                                              \
    FORCEINLINE Type Read##Name##Raw(Type const volatile *Source)                                  \
    {                                                                                              \
        return *Source;                                                                            \
    }                                                                                              \
    FORCEINLINE VOID Write##Name##Release(Type volatile *Destination, Type Value)                  \
    {                                                                                              \
        _ReadWriteBarrier();                                                                       \
        *Destination = Value;                                                                      \
    }                                                                                              \
    FORCEINLINE VOID Write##Name##NoFence(Type volatile *Destination, Type Value)                  \
    {                                                                                              \
        *Destination = Value;                                                                      \
    }                                                                                              \
    FORCEINLINE VOID Write##Name##Raw(Type volatile *Destination, Type Value)                      \
    {                                                                                              \
        *Destination = Value;                                                                      \
    }

NTLAB_ORDERED(, LONG)
NTLAB_ORDERED(ULong, ULONG)
NTLAB_ORDERED(Pointer, PVOID)
NTLAB_ORDERED(Boolean, BOOLEAN)
NTLAB_ORDERED(UChar, UCHAR)
NTLAB_ORDERED(Char, CHAR)
NTLAB_ORDERED(Short, SHORT)
NTLAB_ORDERED(UShort, USHORT)
NTLAB_ORDERED(LongPtr, LONG_PTR)
NTLAB_ORDERED(ULongPtr, ULONG_PTR)
NTLAB_ORDERED(Handle, HANDLE)
#undef NTLAB_ORDERED

#define NTLAB_ORDERED64(Name, Type)                                                                \
    FORCEINLINE Type Read##Name##64Acquire(Type const volatile *Source)                            \
    {                                                                                              \
        Type Value = *Source;                                                                      \
        _ReadWriteBarrier();                                                                       \
        return Value;                                                                              \
    }                                                                                              \
    FORCEINLINE Type Read##Name##64NoFence(Type const volatile *Source)                            \
    {                                                                                              \
        return *Source;                                                                            \
    }                                                                                              \
    FORCEINLINE VOID Write##Name##64Release(Type volatile * Destination, Type Value)               \
    {                                                                                              \
        _ReadWriteBarrier();                                                                       \
        *Destination = Value;                                                                      \
    }                                                                                              \
    FORCEINLINE VOID Write##Name##64NoFence(Type volatile * Destination, Type Value)               \
    {                                                                                              \
        *Destination = Value;                                                                      \
    }
NTLAB_ORDERED64(ULong, ULONG64)
#undef NTLAB_ORDERED64
FORCEINLINE LONG64
ReadAcquire64(LONG64 const volatile *Source)
{
    LONG64 Value = *Source;

    _ReadWriteBarrier();
    return Value;
}
FORCEINLINE LONG64
ReadNoFence64(LONG64 const volatile *Source)
{
    return *Source;
}
FORCEINLINE VOID
WriteRelease64(LONG64 volatile *Destination, LONG64 Value)
{
    _ReadWriteBarrier();
    *Destination = Value;
}
FORCEINLINE VOID
WriteNoFence64(LONG64 volatile *Destination, LONG64 Value)
{
    *Destination = Value;
}

#ifndef InterlockedIncrementNoFence
#define InterlockedIncrementAcquire              InterlockedIncrement
#define InterlockedIncrementRelease              InterlockedIncrement
#define InterlockedIncrementNoFence              InterlockedIncrement
#define InterlockedDecrementAcquire              InterlockedDecrement
#define InterlockedDecrementRelease              InterlockedDecrement
#define InterlockedDecrementNoFence              InterlockedDecrement
#define InterlockedIncrement64NoFence            InterlockedIncrement64
#define InterlockedDecrement64NoFence            InterlockedDecrement64
#define InterlockedExchangeNoFence               InterlockedExchange
#define InterlockedExchangeAddNoFence            InterlockedExchangeAdd
#define InterlockedExchangePointerNoFence        InterlockedExchangePointer
#define InterlockedCompareExchangeNoFence        InterlockedCompareExchange
#define InterlockedCompareExchangeAcquire        InterlockedCompareExchange
#define InterlockedCompareExchangeRelease        InterlockedCompareExchange
#define InterlockedCompareExchangePointerAcquire InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerRelease InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerNoFence InterlockedCompareExchangePointer
#define InterlockedCompareExchange64NoFence      InterlockedCompareExchange64
#define InterlockedOrNoFence                     InterlockedOr
#define InterlockedAndNoFence                    InterlockedAnd
#define InterlockedAddNoFence                    InterlockedAdd
#define InterlockedAddNoFence64                  InterlockedAdd64
#define InterlockedBitTestAndSetNoFence          InterlockedBitTestAndSet
#endif
#ifndef InterlockedIncrement16
#define InterlockedIncrement16(a) ((SHORT)__sync_add_and_fetch((SHORT volatile *)(a), 1))
#define InterlockedDecrement16(a) ((SHORT)__sync_sub_and_fetch((SHORT volatile *)(a), 1))
#define InterlockedExchange8(a, v)                                                                 \
    ((CHAR)__atomic_exchange_n((CHAR volatile *)(a), (CHAR)(v), __ATOMIC_SEQ_CST))
#define InterlockedExchange16(a, v)                                                                \
    ((SHORT)__atomic_exchange_n((SHORT volatile *)(a), (SHORT)(v), __ATOMIC_SEQ_CST))
#define InterlockedOr8(a, v)   ((CHAR)__sync_fetch_and_or((CHAR volatile *)(a), (CHAR)(v)))
#define InterlockedAnd8(a, v)  ((CHAR)__sync_fetch_and_and((CHAR volatile *)(a), (CHAR)(v)))
#define InterlockedXor8(a, v)  ((CHAR)__sync_fetch_and_xor((CHAR volatile *)(a), (CHAR)(v)))
#define InterlockedOr16(a, v)  ((SHORT)__sync_fetch_and_or((SHORT volatile *)(a), (SHORT)(v)))
#define InterlockedAnd16(a, v) ((SHORT)__sync_fetch_and_and((SHORT volatile *)(a), (SHORT)(v)))
#define InterlockedCompareExchange16(a, v, c)                                                      \
    __sync_val_compare_and_swap((SHORT volatile *)(a), (SHORT)(c), (SHORT)(v))
#endif
#ifndef InterlockedExchangeSubtract
#define InterlockedExchangeSubtract(a, v)                                                          \
    ((ULONG)InterlockedExchangeAdd((LONG volatile *)(a), -(LONG)(v)))
#endif
#ifndef InterlockedCompareExchange128
#define InterlockedCompareExchange128 _InterlockedCompareExchange128
#endif

#endif
