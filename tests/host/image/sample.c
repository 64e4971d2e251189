/* sample.c - see sample.h. As a program of its own it writes the seed corpus of the fuzzer. */
#include <string.h>
#include "tests/host/image/sample.h"

static void
section(uint8_t *file, unsigned index, const char *name, uint32_t rva, uint32_t size, uint32_t raw,
        uint32_t raw_size, uint32_t characteristics)
{
    uint8_t *p = file + SAMPLE_SECTION(index);

    memcpy(p, name, strlen(name));
    set32(p + 8, size);
    set32(p + 12, rva);
    set32(p + 16, raw_size);
    set32(p + 20, raw);
    set32(p + 36, characteristics);
}

static void
directory(uint8_t *file, unsigned index, uint32_t rva, uint32_t size)
{
    set32(file + SAMPLE_DIRECTORY(index), rva);
    set32(file + SAMPLE_DIRECTORY(index) + 4, size);
}

static void
headers(uint8_t *file)
{
    uint8_t *nt = file + SAMPLE_NT, *opt = file + SAMPLE_OPTIONAL;

    memcpy(file, "MZ", 2);
    set32(file + 0x3C, SAMPLE_NT);
    memcpy(nt, "PE\0\0", 4);
    set16(nt + 4, 0x8664);
    set16(nt + 6, 5);
    set32(nt + 8, 0x5EED);
    set16(nt + 20, 240);
    set16(nt + 22, 0x22);
    set16(opt, 0x20B);
    set32(opt + 16, 0x5000); /* entry: in INIT */
    set64(opt + 24, SAMPLE_BASE);
    set32(opt + 32, 0x1000);
    set32(opt + 36, 0x200);
    set16(opt + 40, 10);
    set16(opt + 48, 10);
    set32(opt + 56, SAMPLE_IMAGE);
    set32(opt + 60, 0x400);
    set32(opt + 64, 0xC0FFEE);
    set16(opt + 68, 1); /* native */
    set16(opt + 70, 0x4160);
    set64(opt + 72, 0x100000);
    set64(opt + 80, 0x1000);
    set64(opt + 88, 0x100000);
    set64(opt + 96, 0x1000);
    set32(opt + 108, 16);
    section(file, 0, ".text", 0x1000, 0x100, SAMPLE_TEXT, 0x200, 0x68000020);
    section(file, 1, ".rdata", 0x2000, 0x800, SAMPLE_RDATA, 0x800, 0x48000040);
    section(file, 2, ".data", 0x3000, 0x900, SAMPLE_DATA, 0x200, 0xC8000040);
    section(file, 3, ".reloc", 0x4000, 0x60, SAMPLE_RELOC, 0x200, 0x42000040);
    section(file, 4, "INIT", 0x5000, 0x40, SAMPLE_INIT, 0x200, 0x62000020);
    directory(file, 0, 0x2100, 0xC0);
    directory(file, 1, 0x2000, 60);
    directory(file, 3, 0x2400, 24);
    directory(file, 5, 0x4000, 0x40);
    directory(file, 6, 0x2390, 28);
    directory(file, 9, 0x2200, 40);
    directory(file, 10, 0x2240, 0x140);
    directory(file, 12, 0x2080, 0x38);
    directory(file, 13, 0x2440, 64);
}

static void
code(uint8_t *file)
{
    uint8_t *text = file + SAMPLE_TEXT, *init = file + SAMPLE_INIT;

    /* First: lea rax,[rip+x]; pause; call [a.dll!Alpha]; ret */
    memcpy(text, "\x48\x8D\x05\xF9\x1F\x00\x00\xF3\x90\xFF\x15\x71\x10\x00\x00\xC3", 16);
    /* Second, also what the pointer points to: rdtsc; mov rax, cr8; mov cr8, rax; call rax; ret */
    memcpy(text + 0x10, "\x0F\x31\x44\x0F\x20\xC0\x44\x0F\x22\xC0\xFF\xD0\xC3", 13);
    /* TLS callback; switch by table: movsxd rcx,[rdx+rax*4]; add rcx,rdx; jmp rcx */
    memcpy(text + 0x20, "\x48\x8D\x15\x19\x00\x00\x00\x48\x63\x0C\x82\x48\x01\xD1\xFF\xE1", 16);
    set32(text + 0x40, (uint32_t)-0x10); /* table at 0x1040: 0x1030, 0x1032 */
    set32(text + 0x44, (uint32_t)-0x0E);
    memcpy(text + 0x30, "\x0F\xA2\x0F\x05\xC3", 5); /* cpuid; syscall; ret */
    /* entry: mov rax, 0xFFFFF78000000320; mov rax, [rax]; ret */
    memcpy(init, "\x48\xB8\x20\x03\x00\x00\x80\xF7\xFF\xFF\x48\x8B\x00\xC3", 14);
}

static void
tables(uint8_t *file)
{
    uint8_t *r = file + SAMPLE_RDATA, *data = file + SAMPLE_DATA, *reloc = file + SAMPLE_RELOC;
    static const uint16_t entries[] = {0xA030, 0xA038, 0xA040, 0x0000};
    static const uint16_t entries2[] = {0xA200, 0xA208, 0xA210, 0xA218, 0xA230,
                                        0xA298, 0xA2B0, 0xA2B8, 0xA2C0, 0x0000};

    /* imports: a.dll (Alpha, #7), ntoskrnl.exe (Beta) */
    set32(r + 0x00, 0x2040);
    set32(r + 0x0C, 0x20C0);
    set32(r + 0x10, 0x2080);
    set32(r + 0x14, 0x2060);
    set32(r + 0x20, 0x20D0);
    set32(r + 0x24, 0x20A0);
    for (unsigned i = 0; i < 2; i++) { /* lookup tables and address tables are alike */
        uint8_t *t = r + (i ? 0x80 : 0x40);

        set64(t, 0x20E0);
        set64(t + 8, 0x8000000000000007);
        set64(t + 0x20, 0x20F0);
    }
    memcpy(r + 0xC0, "a.dll", 5);
    memcpy(r + 0xD0, "ntoskrnl.exe", 12);
    set16(r + 0xE0, 1);
    memcpy(r + 0xE2, "Alpha", 5);
    memcpy(r + 0xF2, "Beta", 4);
    /* exports: base 5; First, Second, and Third, a forwarder */
    set32(r + 0x10C, 0x2170);
    set32(r + 0x110, 5);
    set32(r + 0x114, 3);
    set32(r + 0x118, 3);
    set32(r + 0x11C, 0x2140);
    set32(r + 0x120, 0x2150);
    set32(r + 0x124, 0x2160);
    set32(r + 0x140, 0x1000);
    set32(r + 0x144, 0x1010);
    set32(r + 0x148, 0x21A0);
    set32(r + 0x150, 0x2180);
    set32(r + 0x154, 0x2188);
    set32(r + 0x158, 0x2190);
    set16(r + 0x160, 0);
    set16(r + 0x162, 1);
    set16(r + 0x164, 2);
    memcpy(r + 0x170, "sample.sys", 10);
    memcpy(r + 0x180, "First", 5);
    memcpy(r + 0x188, "Second", 6);
    memcpy(r + 0x190, "Third", 5);
    memcpy(r + 0x1A0, "NTDLL.Fourth", 12);
    /* TLS */
    set64(r + 0x200, SAMPLE_BASE + 0x3000);
    set64(r + 0x208, SAMPLE_BASE + 0x3010);
    set64(r + 0x210, SAMPLE_BASE + 0x3020);
    set64(r + 0x218, SAMPLE_BASE + 0x2230);
    set64(r + 0x230, SAMPLE_BASE + 0x1020);
    /* load configuration: cookie, CFG pointers, CFG table */
    set32(r + 0x240, 0x140);
    set64(r + 0x240 + 0x58, SAMPLE_BASE + SAMPLE_COOKIE);
    set64(r + 0x240 + 0x70, SAMPLE_BASE + SAMPLE_GUARD_CHECK);
    set64(r + 0x240 + 0x78, SAMPLE_BASE + SAMPLE_GUARD_DISPATCH);
    set64(r + 0x240 + 0x80, SAMPLE_BASE + 0x2480);
    set64(r + 0x240 + 0x88, 2);
    set32(r + 0x240 + 0x90, 0x10000500); /* stride 5 */
    /* debug: CodeView */
    set32(r + 0x390 + 12, 2);
    set32(r + 0x390 + 16, 24 + 11);
    set32(r + 0x390 + 20, 0x23B0);
    set32(r + 0x390 + 24, SAMPLE_RDATA + 0x3B0);
    memcpy(r + 0x3B0, "RSDS0123456789abcdef\x03\0\0\0sample.pdb", 24 + 11);
    /* unwind data */
    set32(r + 0x400, 0x1000);
    set32(r + 0x404, 0x1010);
    set32(r + 0x408, 0x2420);
    set32(r + 0x40C, 0x1010);
    set32(r + 0x410, 0x1020);
    set32(r + 0x414, 0x2420);
    r[0x420] = 1;
    /* delayed import: late.dll!Late */
    set32(r + 0x440, 1);
    set32(r + 0x444, 0x24A0);
    set32(r + 0x448, 0x3060);
    set32(r + 0x44C, 0x3068);
    set32(r + 0x450, 0x24B0);
    memcpy(r + 0x4A0, "late.dll", 8);
    set64(r + 0x4B0, 0x24C0);
    memcpy(r + 0x4C2, "Late", 4);
    /* CFG table: 0x1000, 0x1010, a byte of flags after each */
    set32(r + 0x480, 0x1000);
    set32(r + 0x485, 0x1010);

    set64(data + 0x28, 0x00002B992DDFA232);
    set64(data + 0x30, SAMPLE_BASE + 0x1012);
    set64(data + 0x38, SAMPLE_BASE + 0x1012);
    set64(data + 0x40, SAMPLE_BASE + 0x1010);

    set32(reloc, 0x3000);
    set32(reloc + 4, 8 + sizeof entries);
    memcpy(reloc + 8, entries, sizeof entries);
    set32(reloc + 0x10, 0x2000);
    set32(reloc + 0x14, 8 + sizeof entries2);
    memcpy(reloc + 0x18, entries2, sizeof entries2);
}

void
sample_build(uint8_t *out)
{
    memset(out, 0, SAMPLE_SIZE);
    headers(out);
    code(out);
    tables(out);
}

#ifdef SAMPLE_MAIN
#include <stdio.h>

int
main(int argc, char **argv)
{
    uint8_t file[SAMPLE_SIZE];
    FILE *out = argc == 2 ? fopen(argv[1], "wb") : NULL;

    sample_build(file);
    return out && fwrite(file, 1, sizeof file, out) == sizeof file && fclose(out) == 0 ? 0 : 1;
}
#endif
