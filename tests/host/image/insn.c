/*
 * insn.c - the small decoder against Zydis: real code, and millions of random bytes.
 *
 * Usage: insn IMAGE... Where Zydis sees an instruction, ours must see one of the same length, or
 * refuse it for the one reason that insn.c gives: a 66h prefix on a near branch. (Where Zydis
 * refuses, ours may be more tolerant: sites are confirmed by Zydis before they are patched.)
 */
#include <stdint.h>
#include <Zydis/Zydis.h>
#include "host/image/image.h"
#include "host/image/insn.h"
#include "tests/host/check.h"

static ZydisDecoder decoder;
static unsigned long compared, refused;

static void
compare(const uint8_t *bytes, size_t size)
{
    ZydisDecodedInstruction theirs;
    struct insn ours;
    bool seen = insn_decode(bytes, size, &ours);

    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, size, &theirs))) {
        return;
    }
    compared++;
    if (!seen) {
        refused++;
        CHECK_THAT(theirs.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE &&
                       (theirs.meta.branch_type == ZYDIS_BRANCH_TYPE_NEAR ||
                        theirs.meta.branch_type == ZYDIS_BRANCH_TYPE_SHORT),
                   "%02x %02x %02x %02x: %s", bytes[0], bytes[1], bytes[2], bytes[3],
                   ZydisMnemonicGetString(theirs.mnemonic));
        return;
    }
    CHECK_THAT(ours.length == theirs.length, "%02x %02x %02x %02x: %u, not %u", bytes[0], bytes[1],
               bytes[2], bytes[3], ours.length, theirs.length);
    CHECK_THAT((theirs.mnemonic == ZYDIS_MNEMONIC_CALL) ==
                       (ours.flow == INSN_CALL || ours.flow == INSN_CALL_INDIRECT) ||
                   theirs.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR,
               "%02x %02x", bytes[0], bytes[1]);
    CHECK_THAT((theirs.mnemonic == ZYDIS_MNEMONIC_JMP) ==
                       (ours.flow == INSN_JUMP || ours.flow == INSN_JUMP_INDIRECT) ||
                   theirs.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR,
               "%02x %02x", bytes[0], bytes[1]);
    if (ours.flow == INSN_BRANCH || ours.flow == INSN_JUMP || ours.flow == INSN_CALL) {
        CHECK(theirs.raw.imm[0].is_relative && theirs.raw.imm[0].value.s == ours.relative);
    }
}

int
main(int argc, char **argv)
{
    uint32_t random = 1;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (int i = 1; i < argc; i++) {
        size_t size;
        uint8_t *file = check_read_file(argv[i], &size);

        for (size_t at = 0; at + 15 <= size && at < 3000000; at++) {
            compare(file + at, 15);
        }
        free(file);
    }
    for (unsigned i = 0; i < 2000000; i++) {
        uint8_t bytes[15];

        for (unsigned k = 0; k < 15; k++) {
            random = random * 1664525 + 1013904223;
            bytes[k] = (uint8_t)(random >> 24);
        }
        if (i & 1) {
            bytes[0] = 0x0F;
        }
        compare(bytes, i % 3 ? 15 : i % 15);
    }
    CHECK(compared > 1000000);
    printf("compared %lu, of which %lu refused\n", compared, refused);
    return check_done("image-insn");
}
