/*
 * parse.c - the parser: every field of a good file, then each field wrong in turn.
 *
 * A malformed file must be refused with a message that names the field and its offset in the file;
 * what Windows' loader does not look at must not keep an image from loading.
 */
#include <errno.h>
#include <stdint.h>
#include "host/image/image.h"
#include "tests/host/check.h"
#include "tests/host/image/sample.h"

static void
test_good(void)
{
    uint8_t file[SAMPLE_SIZE];
    struct pe pe;
    struct image_error err = {0};
    struct pe_imports it;
    struct pe_import import;
    struct pe_export export;
    struct pe_function function;
    struct pe_relocations relocations;
    uint32_t rva, count = 0;
    unsigned type;

    sample_build(file);
    CHECK_THAT(image_parse(file, sizeof file, &pe, &err) == 0, "%s", err.message);
    CHECK(pe.preferred == SAMPLE_BASE && pe.size == SAMPLE_IMAGE && pe.entry == 0x5000);
    CHECK(pe.checksum == 0xC0FFEE && pe.timestamp == 0x5EED && pe.subsystem == 1);
    CHECK(pe.os_version == 10u << 16 && pe.relocatable && pe.sections == 5);
    CHECK(strcmp(pe.section[4].name, "INIT") == 0);

    pe_imports_begin(&it, &pe, false);
    CHECK(pe_imports_next(&it, &import) && !strcmp(import.dll, "a.dll") &&
          !strcmp(import.name, "Alpha") && import.ordinal == 1 && import.slot == 0x2080);
    CHECK(pe_imports_next(&it, &import) && !strcmp(import.dll, "a.dll") && !import.name &&
          import.ordinal == 7 && import.slot == 0x2088);
    CHECK(pe_imports_next(&it, &import) && !strcmp(import.dll, "ntoskrnl.exe") &&
          !strcmp(import.name, "Beta") && import.slot == 0x20A0 && !import.delayed);
    CHECK(!pe_imports_next(&it, &import) && !it.problem);
    pe_imports_begin(&it, &pe, true);
    CHECK(pe_imports_next(&it, &import) && !strcmp(import.dll, "late.dll") &&
          !strcmp(import.name, "Late") && import.delayed && import.slot == 0x3068);
    CHECK(!pe_imports_next(&it, &import) && !it.problem);

    CHECK(pe_export_count(&pe) == 3);
    CHECK(pe_export_by_name(&pe, "First", &export) && export.rva == 0x1000 && export.ordinal == 5);
    CHECK(pe_export_by_name(&pe, "Third", &export) && !strcmp(export.forwarder, "NTDLL.Fourth"));
    CHECK(pe_export_by_ordinal(&pe, 6, &export) && !strcmp(export.name, "Second"));
    CHECK(!pe_export_by_ordinal(&pe, 4, &export) && !pe_export_by_ordinal(&pe, 8, &export));
    CHECK(!pe_export_by_name(&pe, "Fifth", &export) && !pe_export_by_name(&pe, "", &export));

    CHECK(pe.tls.present && pe.tls.data == 0x3000 && pe.tls.data_size == 16 &&
          pe.tls.index == 0x3020 && pe.tls.callbacks == 0x2230);
    CHECK(pe.load_config.present && pe.load_config.cookie == SAMPLE_COOKIE &&
          pe.load_config.guard_check == SAMPLE_GUARD_CHECK &&
          pe.load_config.guard_dispatch == SAMPLE_GUARD_DISPATCH &&
          pe.load_config.guard_count == 2 && pe.load_config.guard_stride == 5);
    CHECK(pe.debug.present && pe.debug.age == 3 && !strcmp(pe.debug.pdb, "sample.pdb") &&
          !memcmp(pe.debug.guid, "0123456789abcdef", 16));
    CHECK(pe_function_count(&pe) == 2);
    CHECK(pe_function_find(&pe, 0x100F, &function) && function.begin == 0x1000);
    CHECK(pe_function_find(&pe, 0x1010, &function) && function.begin == 0x1010);
    CHECK(!pe_function_find(&pe, 0x1020, &function) && !pe_function_find(&pe, 0, &function));
    pe_relocations_begin(&relocations, &pe);
    while (pe_relocations_next(&relocations, &rva, &type)) {
        CHECK(type == PE_REL_DIR64);
        count++;
    }
    CHECK(count == 12 && !relocations.problem);
}

/* Names that a linker did not sort are found too. */
static void
test_unsorted_names(void)
{
    uint8_t file[SAMPLE_SIZE];
    struct pe pe;
    struct pe_export export;

    sample_build(file);
    set32(file + SAMPLE_NAMES, 0x2190);
    set32(file + SAMPLE_NAMES + 8, 0x2180);
    CHECK(image_parse(file, sizeof file, &pe, NULL) == 0);
    CHECK(pe_export_by_name(&pe, "First", &export) && export.ordinal == 7);
    CHECK(pe_export_by_name(&pe, "Second", &export));
    CHECK(pe_export_by_name(&pe, "Third", &export) && export.ordinal == 5);
}

struct change {
    const char *what;
    unsigned at, size;
    uint64_t value;
    const char *message; /* a part of it */
    uint64_t offset;
};

static const struct change malformed[] = {
    {"no MZ", 0, 2, 0x4D5A, "MZ", 0},
    {"e_lfanew past the end", 0x3C, 4, 0x2000, "e_lfanew", 0x3C},
    {"e_lfanew wraps", 0x3C, 4, 0xFFFFFFF0, "e_lfanew", 0x3C},
    {"NE signature", SAMPLE_NT, 2, 0x454E, "signature", SAMPLE_NT},
    {"too many sections", SAMPLE_NT + 6, 2, 97, "NumberOfSections is 97", SAMPLE_NT + 6},
    {"section table past the end", SAMPLE_NT + 20, 2, 0x1300, "section table", SAMPLE_NT + 6},
    {"no optional header", SAMPLE_NT + 20, 2, 0, "no optional header", SAMPLE_NT + 20},
    {"short optional header", SAMPLE_NT + 20, 2, 100, "SizeOfOptionalHeader is 100",
     SAMPLE_NT + 20},
    {"optional header past the end", SAMPLE_NT + 20, 2, 0xFFF0, "truncated", SAMPLE_SIZE},
    {"directories past the optional header", SAMPLE_NT + 20, 2, 120, "NumberOfRvaAndSizes",
     SAMPLE_OPTIONAL + 108},
    {"not executable", SAMPLE_NT + 22, 2, 0x20, "Characteristics", SAMPLE_NT + 22},
    {"PE32 magic", SAMPLE_OPTIONAL, 2, 0x10B, "Magic is 0x10b", SAMPLE_OPTIONAL},
    {"entry point outside", SAMPLE_OPTIONAL + 16, 4, 0x6000, "AddressOfEntryPoint",
     SAMPLE_OPTIONAL + 16},
    {"odd base", SAMPLE_OPTIONAL + 24, 8, SAMPLE_BASE + 0x1000, "ImageBase", SAMPLE_OPTIONAL + 24},
    {"base wraps", SAMPLE_OPTIONAL + 24, 8, 0xFFFFFFFFFFFF0000 & ~0xFFFFull, "x", 0},
    {"section alignment 0", SAMPLE_OPTIONAL + 32, 4, 0, "SectionAlignment", SAMPLE_OPTIONAL + 32},
    {"section alignment 3", SAMPLE_OPTIONAL + 32, 4, 0x1800, "SectionAlignment",
     SAMPLE_OPTIONAL + 32},
    {"alignment below a page", SAMPLE_OPTIONAL + 32, 4, 0x800, "below the page size",
     SAMPLE_OPTIONAL + 32},
    {"file alignment 0", SAMPLE_OPTIONAL + 36, 4, 0, "FileAlignment", SAMPLE_OPTIONAL + 36},
    {"file alignment 128 KiB", SAMPLE_OPTIONAL + 36, 4, 0x20000, "FileAlignment",
     SAMPLE_OPTIONAL + 36},
    {"image size 0", SAMPLE_OPTIONAL + 56, 4, 0, "SizeOfImage", SAMPLE_OPTIONAL + 56},
    {"image size 4 GiB", SAMPLE_OPTIONAL + 56, 4, 0xFFFFFFFF, "SizeOfImage", SAMPLE_OPTIONAL + 56},
    {"image smaller than its sections", SAMPLE_OPTIONAL + 56, 4, 0x5800 - 0x800,
     "AddressOfEntryPoint", SAMPLE_OPTIONAL + 16},
    {"headers larger than the file", SAMPLE_OPTIONAL + 60, 4, 0x10000, "SizeOfHeaders",
     SAMPLE_OPTIONAL + 60},
    {"headers without section table", SAMPLE_OPTIONAL + 60, 4, 0x200, "section table",
     SAMPLE_OPTIONAL + 60},
    {"section not aligned", SAMPLE_SECTION(1) + 12, 4, 0x2200, "not a multiple",
     SAMPLE_SECTION(1) + 12},
    {"sections overlap", SAMPLE_SECTION(1) + 12, 4, 0x1000, "overlaps", SAMPLE_SECTION(1) + 12},
    {"section within the headers", SAMPLE_SECTION(0) + 12, 4, 0, "overlaps",
     SAMPLE_SECTION(0) + 12},
    {"gap between sections", SAMPLE_SECTION(1) + 12, 4, 0x3000, "gap", SAMPLE_SECTION(1) + 12},
    {"section outside the image", SAMPLE_SECTION(4) + 8, 4, 0x1001, "outside SizeOfImage",
     SAMPLE_SECTION(4) + 8},
    {"section size wraps", SAMPLE_SECTION(4) + 8, 4, 0xFFFFFFFF, "outside SizeOfImage",
     SAMPLE_SECTION(4) + 8},
    {"section data past the end", SAMPLE_SECTION(4) + 20, 4, 0x1400 + 0x200, "PointerToRawData",
     SAMPLE_SECTION(4) + 20},
    {"section data cut", SAMPLE_SECTION(1) + 20, 4, 0x1200, "past the end of the file",
     SAMPLE_SECTION(1) + 16},
    {"section pointer wraps", SAMPLE_SECTION(4) + 20, 4, 0xFFFFFE00, "PointerToRawData",
     SAMPLE_SECTION(4) + 20},
    {"export directory outside", SAMPLE_DIRECTORY(0), 4, 0x5FF0, "export directory",
     SAMPLE_DIRECTORY(0)},
    {"import directory outside", SAMPLE_DIRECTORY(1), 4, 0xFFFFFFF0, "import directory",
     SAMPLE_DIRECTORY(1)},
    {"exception directory outside", SAMPLE_DIRECTORY(3) + 4, 4, 0x8000, "exception directory",
     SAMPLE_DIRECTORY(3)},
    {"exception directory uneven", SAMPLE_DIRECTORY(3) + 4, 4, 23, "RUNTIME_FUNCTION",
     SAMPLE_DIRECTORY(3) + 4},
    {"relocation directory outside", SAMPLE_DIRECTORY(5), 4, 0x6000, "relocation directory",
     SAMPLE_DIRECTORY(5)},
    {"relocation block too small", SAMPLE_RELOC + 4, 4, 4, "SizeOfBlock", SAMPLE_RELOC + 4},
    {"relocation block odd", SAMPLE_RELOC + 4, 4, 11, "SizeOfBlock", SAMPLE_RELOC + 4},
    {"relocation block too large", SAMPLE_RELOC + 4, 4, 0x1000, "SizeOfBlock", SAMPLE_RELOC + 4},
    {"relocation type 5", SAMPLE_RELOC + 8, 2, 0x5030, "a type", SAMPLE_RELOC + 8},
    {"relocation target outside", SAMPLE_RELOC, 4, 0x6000, "relocated address", SAMPLE_RELOC + 8},
    {"relocation page wraps", SAMPLE_RELOC, 4, 0xFFFFFFF0, "relocated address", SAMPLE_RELOC + 8},
    {"DLL name outside", SAMPLE_IMPORTS + 12, 4, 0x7000, "DLL's name", SAMPLE_IMPORTS + 12},
    {"DLL name empty", SAMPLE_IMPORTS + 12, 4, 0x23F0, "DLL's name", SAMPLE_IMPORTS + 12},
    {"lookup table outside", SAMPLE_IMPORTS, 4, 0x8000, "list of imports", SAMPLE_DIRECTORY(1)},
    {"address table outside", SAMPLE_IMPORTS + 16, 4, 0x5FFC, "import address table",
     SAMPLE_LOOKUP},
    {"import name outside", SAMPLE_LOOKUP, 8, 0x7000, "rva of a name", SAMPLE_LOOKUP},
    {"import name 64 bits", SAMPLE_LOOKUP, 8, 0x1000020E0, "rva of a name", SAMPLE_LOOKUP},
    {"import name empty", SAMPLE_LOOKUP, 8, 0x23F0, "import's name", SAMPLE_LOOKUP},
    {"ordinal of 17 bits", SAMPLE_LOOKUP + 8, 8, 0x8000000000010007, "ordinal", SAMPLE_LOOKUP + 8},
    {"too many functions", SAMPLE_EXPORTS + 20, 4, 0x10000000, "addresses", SAMPLE_EXPORTS + 20},
    {"function table outside", SAMPLE_EXPORTS + 28, 4, 0x5FF8, "addresses", SAMPLE_EXPORTS + 20},
    {"name table outside", SAMPLE_EXPORTS + 32, 4, 0xFFFFFFFC, "names", SAMPLE_EXPORTS + 24},
    {"too many names", SAMPLE_EXPORTS + 24, 4, 0x20000, "names", SAMPLE_EXPORTS + 24},
    {"export outside", SAMPLE_FUNCTIONS + 4, 4, 0x6000, "export 1", SAMPLE_FUNCTIONS + 4},
    {"forwarder without module", SAMPLE_FUNCTIONS + 8, 4, 0x2188, "forwarder",
     SAMPLE_FUNCTIONS + 8},
    {"export name outside", SAMPLE_NAMES, 4, 0x6000, "export name 0", SAMPLE_NAMES},
    {"export ordinal outside", SAMPLE_ORDINALS + 2, 2, 3, "refers to address 3 of 3",
     SAMPLE_ORDINALS + 2},
    {"TLS directory cut", SAMPLE_DIRECTORY(9), 4, 0x5FE0, "TLS directory", SAMPLE_DIRECTORY(9)},
    {"TLS template backwards", SAMPLE_TLS + 8, 8, SAMPLE_BASE + 0x2FFF, "template", SAMPLE_TLS},
    {"TLS template outside", SAMPLE_TLS, 8, SAMPLE_BASE - 8, "template", SAMPLE_TLS},
    {"TLS zero fill", SAMPLE_TLS + 32, 4, 0xFFFFFFFF, "SizeOfZeroFill", SAMPLE_TLS + 32},
    {"TLS index outside", SAMPLE_TLS + 16, 8, SAMPLE_BASE + 0x5FFE, "AddressOfIndex",
     SAMPLE_TLS + 16},
    {"TLS callbacks outside", SAMPLE_TLS + 24, 8, 0x1000, "AddressOfCallBacks", SAMPLE_TLS + 24},
    {"TLS callbacks without end", SAMPLE_TLS + 24, 8, SAMPLE_BASE + 0x5FFC, "no end",
     SAMPLE_TLS + 24},
    {"TLS callback outside", SAMPLE_CALLBACKS, 8, 0x1020, "callback", SAMPLE_CALLBACKS},
};

/* Windows' loader does not mind these. */
static const struct change harmless[] = {
    {"load configuration outside", SAMPLE_DIRECTORY(10), 4, 0x7000, NULL, 0},
    {"cookie outside", SAMPLE_LOAD_CONFIG + 0x58, 8, 0x1234, NULL, 0},
    {"CFG table too long", SAMPLE_LOAD_CONFIG + 0x88, 8, 1ull << 62, NULL, 0},
    {"load configuration of 0 bytes", SAMPLE_LOAD_CONFIG, 4, 0, NULL, 0},
    {"load configuration of the future", SAMPLE_LOAD_CONFIG, 4, 0x400, NULL, 0},
    {"debug directory outside", SAMPLE_DIRECTORY(6), 4, 0xFFFFFFFF, NULL, 0},
    {"debug record outside", SAMPLE_DEBUG + 24, 4, 0xFFFFFFF0, NULL, 0},
    {"delayed imports outside", SAMPLE_DIRECTORY(13), 4, 0x70000000, NULL, 0},
    {"resources outside", SAMPLE_DIRECTORY(2), 4, 0x70000000, NULL, 0},
    {"bound imports outside", SAMPLE_DIRECTORY(11), 4, 0x70000000, NULL, 0},
    {"signature outside", SAMPLE_DIRECTORY(4), 4, 0x70000000, NULL, 0},
    {"more directories than there are", SAMPLE_OPTIONAL + 108, 4, 0xFFFFFFFF, NULL, 0},
    {"entry point 0", SAMPLE_OPTIONAL + 16, 4, 0, NULL, 0},
    {"image size not rounded", SAMPLE_OPTIONAL + 56, 4, 0x5040, NULL, 0},
    {"file pointer not rounded", SAMPLE_SECTION(4) + 20, 4, SAMPLE_INIT + 0x10, NULL, 0},
    {"no virtual size", SAMPLE_SECTION(4) + 8, 4, 0, NULL, 0},
    {"relocation table padded with zeros", SAMPLE_RELOC + 0x14, 4, 0, NULL, 0},
    {"no imports", SAMPLE_DIRECTORY(1) + 4, 4, 0, NULL, 0},
};

static void
apply(uint8_t *file, const struct change *change)
{
    sample_build(file);
    memcpy(file + change->at, &change->value, change->size);
}

static void
test_malformed(void)
{
    uint8_t file[SAMPLE_SIZE];
    struct pe pe;

    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        const struct change *change = &malformed[i];
        struct image_error err = {0};
        int result;

        apply(file, change);
        result = image_parse(file, sizeof file, &pe, &err);
        if (change->offset == 0 && change->at != 0) {
            CHECK_THAT(result == 0 || err.code == ABI_IMAGE_MALFORMED, "(%s)", change->what);
            continue; /* only must not crash */
        }
        CHECK_THAT(result == -ENOEXEC && err.code == ABI_IMAGE_MALFORMED, "(%s)", change->what);
        CHECK_THAT(strstr(err.message, change->message), "(%s: '%s')", change->what, err.message);
        CHECK_THAT(err.offset == change->offset, "(%s: 0x%llx, expected 0x%llx; %s)", change->what,
                   (unsigned long long)err.offset, (unsigned long long)change->offset, err.message);
    }
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        struct image_error err = {0};

        apply(file, &harmless[i]);
        CHECK_THAT(image_parse(file, sizeof file, &pe, &err) == 0, "(%s: %s)", harmless[i].what,
                   err.message);
    }
}

static void
test_wrong_machine(void)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } machines[] = {
        {0x14C, "32-bit x86"}, {0xAA64, "ARM64"}, {0x1C4, "32-bit ARM"}, {0, "unknown"}};
    uint8_t file[SAMPLE_SIZE];
    struct pe pe;

    for (unsigned i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        struct image_error err = {0};

        sample_build(file);
        set16(file + SAMPLE_NT + 4, machines[i].machine);
        CHECK(image_parse(file, sizeof file, &pe, &err) == -ENOEXEC);
        CHECK(err.code == ABI_IMAGE_WRONG_MACHINE && err.offset == SAMPLE_NT + 4);
        CHECK(strstr(err.message, machines[i].name));
    }
}

/* Cut after every byte: refused, or the same image without its padding. Valgrind and ASan watch. */
static void
test_truncated(void)
{
    uint8_t file[SAMPLE_SIZE];

    sample_build(file);
    for (size_t size = 0; size < SAMPLE_SIZE; size++) {
        uint8_t *copy = malloc(size ? size : 1);
        struct pe pe;
        struct image_error err = {0};
        int result;

        memcpy(copy, file, size);
        result = image_parse(copy, size, &pe, &err);
        /* INIT has 0x40 bytes: what comes after is padding. */
        CHECK_THAT((result == 0) == (size >= SAMPLE_INIT + 0x40), "at %zx: %s", size, err.message);
        CHECK_THAT(result == 0 || err.offset <= SAMPLE_SIZE, "at %zx", size);
        free(copy);
    }
}

int
main(void)
{
    test_good();
    test_unsorted_names();
    test_malformed();
    test_wrong_machine();
    test_truncated();
    return check_done("image-parse");
}
