/*
 * unicodetable.h - what unicodetable.c holds, and the case mapping of one code unit.
 */
#ifndef NT_RTL_UNICODETABLE_H
#define NT_RTL_UNICODETABLE_H

typedef struct _RTLP_CODE_PAIR {
    WCHAR Unit;
    UCHAR Byte;
} RTLP_CODE_PAIR;

/* A code unit's page, then what to add to it modulo 2^16; page 0 adds nothing. */
extern const UCHAR RtlpUpperPage[256];
extern const USHORT RtlpUpperDelta[][256];
extern const UCHAR RtlpLowerPage[256];
extern const USHORT RtlpLowerDelta[][256];

extern const WCHAR RtlpCp1252ToUnicode[128];
extern const RTLP_CODE_PAIR RtlpUnicodeToCp1252[128];
extern const WCHAR RtlpCp437ToUnicode[128];
extern const RTLP_CODE_PAIR RtlpUnicodeToCp437[128];

static __inline WCHAR
RtlpUpper(WCHAR Unit)
{
    if (Unit < 'a') {
        return Unit;
    }
    if (Unit <= 'z') {
        return (WCHAR)(Unit - ('a' - 'A'));
    }
    return (WCHAR)(Unit + RtlpUpperDelta[RtlpUpperPage[Unit >> 8]][Unit & 0xFF]);
}

static __inline WCHAR
RtlpLower(WCHAR Unit)
{
    if (Unit < 0x80) {
        return Unit >= 'A' && Unit <= 'Z' ? (WCHAR)(Unit + ('a' - 'A')) : Unit;
    }
    return (WCHAR)(Unit + RtlpLowerDelta[RtlpLowerPage[Unit >> 8]][Unit & 0xFF]);
}

#endif
