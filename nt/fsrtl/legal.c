/*
 * legal.c - the table behind FsRtlIsAnsiCharacterWild and its kin: for each character below 128 the file
 * systems in whose names it may stand.
 *
 * What is illegal in FAT and HPFS names is listed with FsRtlIsFatDbcsLegal and FsRtlIsHpfsDbcsLegal; in
 * NTFS names, with "Naming Files, Paths, and Namespaces". A wild card is legal nowhere by itself; the
 * macros add it where the caller permits.
 */
#include "nt/fsrtl/fsrtlp.h"

#define F FSRTL_FAT_LEGAL
#define H FSRTL_HPFS_LEGAL
#define N FSRTL_NTFS_LEGAL
#define O FSRTL_OLE_LEGAL
#define W FSRTL_WILD_CHARACTER

static const UCHAR FsRtlpLegal[128] = {
    [0x00 ... 0x1F] = 0,
    [0x20 ... 0x7F] = F | H | N | O,
    /* period and space: where they may stand is the caller's rule */
    ['"'] = W,
    ['*'] = W,
    ['<'] = W,
    ['>'] = W,
    ['?'] = W,
    ['/'] = 0,
    ['\\'] = 0,
    [':'] = 0,
    ['|'] = 0,
    ['+'] = H | N | O,
    [','] = H | N | O,
    [';'] = H | N | O,
    ['='] = H | N | O,
    ['['] = H | N | O,
    [']'] = H | N | O,
};

const UCHAR *const FsRtlLegalAnsiCharacterArray = FsRtlpLegal;
