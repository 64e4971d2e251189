/* inline.h - inline routines as headers of public drivers have them; language.c calls them where nothing is inlined. */
#pragma once
__inline ULONG
InlinePlain(ULONG Value)
{
    return Value + 1;
}
static __forceinline ULONG
InlineForced(ULONG Value)
{
    return Value + 2;
}
__forceinline ULONG
InlineForcedAlone(ULONG Value)
{
    return Value + 4;
}
FORCEINLINE ULONG
InlineMacro(ULONG Value)
{
    return Value + 8;
}
static inline ULONG
InlineStatic(ULONG Value)
{
    return Value + 16;
}
