/*
 * ntlab-strsafe.inl - included by ntstrsafe.h once for each width: NTLAB_T is the character, NTLAB_N(Name) adds A or W,
 * NTLAB_VPRINTF the routine beneath.
 */

/* Ends what was copied, says where it ends, and does what the flags want. */
static __inline NTSTATUS
NTLAB_N(NtlabFinish)(NTLAB_T *Dest, size_t Size, size_t Length, NTSTATUS Status, NTLAB_T **DestEnd,
                     size_t *Remaining, ULONG Flags)
{
    if (Size != 0) {
        Dest[Length] = 0;
    }
    if (NT_SUCCESS(Status)) {
        if ((Flags & STRSAFE_FILL_BEHIND_NULL) && Size - Length > 1) {
            memset(Dest + Length + 1, (int)(Flags & 0xFF), (Size - Length - 1) * sizeof(NTLAB_T));
        }
    } else if (Size != 0) {
        if (Flags & STRSAFE_FILL_ON_FAILURE) {
            memset(Dest, (int)(Flags & 0xFF), Size * sizeof(NTLAB_T));
            Length = (Flags & 0xFF) == 0 ? 0 : Size - 1;
            Dest[Length] = 0;
        }
        if (Flags & (STRSAFE_NULL_ON_FAILURE | STRSAFE_NO_TRUNCATION)) {
            Length = 0;
            Dest[0] = 0;
        }
    }
    if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW) {
        if (DestEnd != NULL) {
            *DestEnd = Dest + Length;
        }
        if (Remaining != NULL) {
            *Remaining = Size - Length;
        }
    }
    return Status;
}

/* Characters before the null; Max if there is none. */
static __inline size_t
NTLAB_N(NtlabLength)(const NTLAB_T *String, size_t Max)
{
    size_t Length = 0;

    while (Length < Max && String[Length] != 0) {
        Length++;
    }
    return Length;
}

/* Appends at Start at most Count characters of Src. */
static __inline NTSTATUS
NTLAB_N(NtlabAppend)(NTLAB_T *Dest, size_t Size, size_t Start, const NTLAB_T *Src, size_t Count,
                     NTLAB_T **DestEnd, size_t *Remaining, ULONG Flags)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (Size > NTSTRSAFE_MAX_CCH || (Flags & ~STRSAFE_VALID_FLAGS)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Src == NULL) {
        if (!(Flags & STRSAFE_IGNORE_NULLS)) {
            return STATUS_INVALID_PARAMETER;
        }
        Count = 0;
    }
    if (Size == 0) {
        return (Flags & STRSAFE_IGNORE_NULLS) && Dest == NULL && (Count == 0 || *Src == 0)
                   ? STATUS_SUCCESS
                   : STATUS_INVALID_PARAMETER;
    }
    for (; Count != 0 && *Src != 0; Count--, Src++, Start++) {
        if (Start + 1 >= Size) {
            Status = STATUS_BUFFER_OVERFLOW;
            break;
        }
        Dest[Start] = *Src;
    }
    return NTLAB_N(NtlabFinish)(Dest, Size, Start, Status, DestEnd, Remaining, Flags);
}

static __inline NTSTATUS
NTLAB_N(NtlabCat)(NTLAB_T *Dest, size_t Size, const NTLAB_T *Src, size_t Count, NTLAB_T **DestEnd,
                  size_t *Remaining, ULONG Flags)
{
    size_t Start;

    if (Size == 0 || Size > NTSTRSAFE_MAX_CCH ||
        (Start = NTLAB_N(NtlabLength)(Dest, Size)) == Size) {
        return STATUS_INVALID_PARAMETER;
    }
    return NTLAB_N(NtlabAppend)(Dest, Size, Start, Src, Count, DestEnd, Remaining, Flags);
}

static __inline NTSTATUS
NTLAB_N(NtlabPrint)(NTLAB_T *Dest, size_t Size, NTLAB_T **DestEnd, size_t *Remaining, ULONG Flags,
                    const NTLAB_T *Format, va_list Arguments)
{
    NTSTATUS Status = STATUS_SUCCESS;
    int Length;

    if (Size == 0 || Size > NTSTRSAFE_MAX_CCH || (Flags & ~STRSAFE_VALID_FLAGS)) {
        return STATUS_INVALID_PARAMETER;
    }
    Length = NTLAB_VPRINTF(Dest, Size - 1, Format, Arguments);
    if (Length < 0 || (size_t)Length > Size - 1) {
        Status = STATUS_BUFFER_OVERFLOW;
        Length = (int)Size - 1;
    }
    return NTLAB_N(NtlabFinish)(Dest, Size, (size_t)Length, Status, DestEnd, Remaining, Flags);
}

static __inline NTSTATUS
NTLAB_N(NtlabMeasure)(const NTLAB_T *String, size_t Max, size_t Unit, size_t *Length)
{
    size_t Count = 0;
    NTSTATUS Status = STATUS_INVALID_PARAMETER;

    if (String != NULL && Max <= NTSTRSAFE_MAX_CCH &&
        (Count = NTLAB_N(NtlabLength)(String, Max)) != Max) {
        Status = STATUS_SUCCESS;
    }
    if (Length != NULL) {
        *Length = NT_SUCCESS(Status) ? Count * Unit : 0;
    }
    return Status;
}

/* The routines that count in characters (Unit 1) and in bytes (Unit: a character's size). */
#define NTLAB_FAMILY(C, Unit)                                                                      \
    static __inline NTSTATUS NTLAB_N(RtlString##C##Copy)(NTLAB_T * Dest, size_t Size,              \
                                                         const NTLAB_T *Src)                       \
    {                                                                                              \
        return NTLAB_N(NtlabAppend)(Dest, Size / (Unit), 0, Src, ~(size_t)0, NULL, NULL, 0);       \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##CopyN)(NTLAB_T * Dest, size_t Size,             \
                                                          const NTLAB_T *Src, size_t Count)        \
    {                                                                                              \
        return NTLAB_N(NtlabAppend)(Dest, Size / (Unit), 0, Src, Count / (Unit), NULL, NULL, 0);   \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##Cat)(NTLAB_T * Dest, size_t Size,               \
                                                        const NTLAB_T *Src)                        \
    {                                                                                              \
        return NTLAB_N(NtlabCat)(Dest, Size / (Unit), Src, ~(size_t)0, NULL, NULL, 0);             \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##CatN)(NTLAB_T * Dest, size_t Size,              \
                                                         const NTLAB_T *Src, size_t Count)         \
    {                                                                                              \
        return NTLAB_N(NtlabCat)(Dest, Size / (Unit), Src, Count / (Unit), NULL, NULL, 0);         \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(NtlabEnd##C)(NTSTATUS Status, size_t *Remaining)              \
    {                                                                                              \
        if (Remaining != NULL && (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW)) {       \
            *Remaining *= (Unit);                                                                  \
        }                                                                                          \
        return Status;                                                                             \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##CopyEx)(NTLAB_T * Dest, size_t Size,            \
                                                           const NTLAB_T *Src, NTLAB_T **DestEnd,  \
                                                           size_t *Remaining, ULONG Flags)         \
    {                                                                                              \
        return NTLAB_N(NtlabEnd##C)(NTLAB_N(NtlabAppend)(Dest, Size / (Unit), 0, Src, ~(size_t)0,  \
                                                         DestEnd, Remaining, Flags),               \
                                    Remaining);                                                    \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##CopyNEx)(                                       \
        NTLAB_T * Dest, size_t Size, const NTLAB_T *Src, size_t Count, NTLAB_T **DestEnd,          \
        size_t *Remaining, ULONG Flags)                                                            \
    {                                                                                              \
        return NTLAB_N(NtlabEnd##C)(NTLAB_N(NtlabAppend)(Dest, Size / (Unit), 0, Src,              \
                                                         Count / (Unit), DestEnd, Remaining,       \
                                                         Flags),                                   \
                                    Remaining);                                                    \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##CatEx)(NTLAB_T * Dest, size_t Size,             \
                                                          const NTLAB_T *Src, NTLAB_T **DestEnd,   \
                                                          size_t *Remaining, ULONG Flags)          \
    {                                                                                              \
        return NTLAB_N(NtlabEnd##C)(                                                               \
            NTLAB_N(NtlabCat)(Dest, Size / (Unit), Src, ~(size_t)0, DestEnd, Remaining, Flags),    \
            Remaining);                                                                            \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##CatNEx)(                                        \
        NTLAB_T * Dest, size_t Size, const NTLAB_T *Src, size_t Count, NTLAB_T **DestEnd,          \
        size_t *Remaining, ULONG Flags)                                                            \
    {                                                                                              \
        return NTLAB_N(NtlabEnd##C)(NTLAB_N(NtlabCat)(Dest, Size / (Unit), Src, Count / (Unit),    \
                                                      DestEnd, Remaining, Flags),                  \
                                    Remaining);                                                    \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##VPrintf)(                                       \
        NTLAB_T * Dest, size_t Size, const NTLAB_T *Format, va_list Arguments)                     \
    {                                                                                              \
        return NTLAB_N(NtlabPrint)(Dest, Size / (Unit), NULL, NULL, 0, Format, Arguments);         \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##VPrintfEx)(                                     \
        NTLAB_T * Dest, size_t Size, NTLAB_T **DestEnd, size_t *Remaining, ULONG Flags,            \
        const NTLAB_T *Format, va_list Arguments)                                                  \
    {                                                                                              \
        return NTLAB_N(NtlabEnd##C)(NTLAB_N(NtlabPrint)(Dest, Size / (Unit), DestEnd, Remaining,   \
                                                        Flags, Format, Arguments),                 \
                                    Remaining);                                                    \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##Printf)(NTLAB_T * Dest, size_t Size,            \
                                                           const NTLAB_T *Format, ...)             \
    {                                                                                              \
        va_list Arguments;                                                                         \
        NTSTATUS Status;                                                                           \
        va_start(Arguments, Format);                                                               \
        Status = NTLAB_N(NtlabPrint)(Dest, Size / (Unit), NULL, NULL, 0, Format, Arguments);       \
        va_end(Arguments);                                                                         \
        return Status;                                                                             \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##PrintfEx)(                                      \
        NTLAB_T * Dest, size_t Size, NTLAB_T **DestEnd, size_t *Remaining, ULONG Flags,            \
        const NTLAB_T *Format, ...)                                                                \
    {                                                                                              \
        va_list Arguments;                                                                         \
        NTSTATUS Status;                                                                           \
        va_start(Arguments, Format);                                                               \
        Status = NTLAB_N(NtlabEnd##C)(NTLAB_N(NtlabPrint)(Dest, Size / (Unit), DestEnd, Remaining, \
                                                          Flags, Format, Arguments),               \
                                      Remaining);                                                  \
        va_end(Arguments);                                                                         \
        return Status;                                                                             \
    }                                                                                              \
    static __inline NTSTATUS NTLAB_N(RtlString##C##Length)(const NTLAB_T *String, size_t Max,      \
                                                           size_t *Length)                         \
    {                                                                                              \
        return NTLAB_N(NtlabMeasure)(String, Max / (Unit), Unit, Length);                          \
    }

NTLAB_FAMILY(Cch, 1)
NTLAB_FAMILY(Cb, sizeof(NTLAB_T))
#undef NTLAB_FAMILY
