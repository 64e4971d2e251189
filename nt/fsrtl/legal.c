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

#define A (F | H | N | O)

/* Those that are not named are legal nowhere. Period and space: where they may stand is the caller's rule. */
static const UCHAR FsRtlpLegal[128] = {
    [' '] = A,         ['!'] = A,          ['#' ... ')'] = A,
    ['-' ... '.'] = A, ['0' ... '9'] = A,  ['@' ... 'Z'] = A,
    ['^' ... '{'] = A, ['}' ... 0x7F] = A, ['+' ... ','] = H | N | O,
    [';'] = H | N | O, ['='] = H | N | O,  ['['] = H | N | O,
    [']'] = H | N | O, ['"'] = W,          ['*'] = W,
    ['<'] = W,         ['>' ... '?'] = W,
};

const UCHAR *const FsRtlLegalAnsiCharacterArray = FsRtlpLegal;
