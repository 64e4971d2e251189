/*
 * sample.h - a small driver image with one of everything, built byte by byte.
 *
 * Tests of the parser change single fields of it, so each field has a name here: file offsets are
 * SAMPLE_..., and an rva in .rdata is file offset - SAMPLE_RDATA + 0x2000.
 */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define SAMPLE_BASE  0x140000000ull
#define SAMPLE_SIZE  0x1400 /* of the file */
#define SAMPLE_IMAGE 0x6000

#define SAMPLE_NT           0x80
#define SAMPLE_OPTIONAL     0x98
#define SAMPLE_DIRECTORY(i) (SAMPLE_OPTIONAL + 112 + (i) * 8)
#define SAMPLE_SECTION(i)   (0x188 + (i) * 40)

#define SAMPLE_TEXT  0x400  /* rva 0x1000 */
#define SAMPLE_RDATA 0x600  /* rva 0x2000 */
#define SAMPLE_DATA  0xE00  /* rva 0x3000 */
#define SAMPLE_RELOC 0x1000 /* rva 0x4000 */
#define SAMPLE_INIT  0x1200 /* rva 0x5000 */

#define SAMPLE_IMPORTS     (SAMPLE_RDATA + 0x000)
#define SAMPLE_LOOKUP      (SAMPLE_RDATA + 0x040)
#define SAMPLE_IAT         (SAMPLE_RDATA + 0x080)
#define SAMPLE_EXPORTS     (SAMPLE_RDATA + 0x100)
#define SAMPLE_FUNCTIONS   (SAMPLE_RDATA + 0x140)
#define SAMPLE_NAMES       (SAMPLE_RDATA + 0x150)
#define SAMPLE_ORDINALS    (SAMPLE_RDATA + 0x160)
#define SAMPLE_TLS         (SAMPLE_RDATA + 0x200)
#define SAMPLE_CALLBACKS   (SAMPLE_RDATA + 0x230)
#define SAMPLE_LOAD_CONFIG (SAMPLE_RDATA + 0x240)
#define SAMPLE_DEBUG       (SAMPLE_RDATA + 0x390)
#define SAMPLE_PDATA       (SAMPLE_RDATA + 0x400)
#define SAMPLE_DELAY       (SAMPLE_RDATA + 0x440)

#define SAMPLE_COOKIE         0x3028
#define SAMPLE_GUARD_CHECK    0x3030
#define SAMPLE_GUARD_DISPATCH 0x3038
#define SAMPLE_POINTER        0x3040 /* holds the address of rva 0x1010 */

static inline void
set16(uint8_t *p, uint64_t value)
{
    __builtin_memcpy(p, &value, 2);
}

static inline void
set32(uint8_t *p, uint64_t value)
{
    __builtin_memcpy(p, &value, 4);
}

static inline void
set64(uint8_t *p, uint64_t value)
{
    __builtin_memcpy(p, &value, 8);
}

/* `out` has SAMPLE_SIZE bytes. */
void sample_build(uint8_t *out);

#endif
