/*
 * image.h - PE32+ images for x86-64: parse, map, relocate, bind, look up.
 *
 * The order of use:
 *
 *     image_parse     an untrusted file -> struct pe, with all checked that later steps rely on
 *     image_map       headers and sections -> the caller's memory; relocations, security cookie
 *     image_bind      imports -> addresses that the caller's callbacks give; CFG pointers
 *     patch_image     (patch.h) instructions that must not run as they are
 *     image_range     which pages get which protection
 *
 * Rules:
 *   I1  Nothing here knows where guest memory comes from: `where` is the host's writable alias of
 *       the guest address `base`, and all callbacks are the caller's.
 *   I2  A file is read only through pe_read and its like, which check bounds, so no file makes us
 *       read outside of it. The guest may write over a mapped image at any time: look-ups on a
 *       mapped image check again and then say "not found".
 *   I3  Nothing is allocated: a struct pe or struct image is a plain value that can be copied.
 *       A struct pe points into the file, a struct image into the mapped memory.
 *
 * Facts: Microsoft, "PE Format"; winnt.h of mingw-w64. Where the document and the behaviour of
 * Windows' loader differ, the code says so at the place.
 */
#ifndef HOST_IMAGE_H
#define HOST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "abi/hypercall.h"

#define PE_MAX_SECTIONS 96
#define PE_MAX_IMPORTS  65536 /* of all DLLs together */
#define PE_MAX_NAME     4096  /* bytes of an imported or exported name */
#define PE_MAX_DLL      260   /* of a module's name */
/* Nothing larger fits into a window together with its trampolines. */
#define PE_MAX_SIZE 0x40000000u

struct image_error {
    uint32_t code;   /* enum abi_image_result: malformed, wrong machine or conflict */
    uint64_t offset; /* in the file: the field that is wrong */
    char message[256];
};

struct pe_directory {
    uint32_t rva;
    uint32_t size;
};

enum pe_directory_index {
    PE_EXPORT = 0,
    PE_IMPORT = 1,
    PE_RESOURCE = 2,
    PE_EXCEPTION = 3,
    PE_SECURITY = 4,
    PE_RELOCATION = 5,
    PE_DEBUG = 6,
    PE_TLS = 9,
    PE_LOAD_CONFIG = 10,
    PE_BOUND_IMPORT = 11,
    PE_IAT = 12,
    PE_DELAY_IMPORT = 13,
    PE_COM_DESCRIPTOR = 14,
    PE_DIRECTORIES = 16,
};

/* Section characteristics that matter here. */
#define PE_SCN_CODE        0x00000020u
#define PE_SCN_DISCARDABLE 0x02000000u
#define PE_SCN_NOT_PAGED   0x08000000u
#define PE_SCN_SHARED      0x10000000u
#define PE_SCN_EXECUTE     0x20000000u
#define PE_SCN_READ        0x40000000u
#define PE_SCN_WRITE       0x80000000u

/* File characteristics. */
#define PE_FILE_RELOCS_STRIPPED 0x0001u
#define PE_FILE_EXECUTABLE      0x0002u
#define PE_FILE_DLL             0x2000u

struct pe_section {
    char name[9];
    uint32_t rva;
    uint32_t size;     /* in memory, not rounded */
    uint32_t raw;      /* file offset of its data */
    uint32_t raw_size; /* bytes that the file holds of it; the rest of its pages reads as zero */
    uint32_t characteristics;
};

struct pe_tls {
    bool present;
    uint32_t data; /* rva of the template */
    uint32_t data_size;
    uint32_t zero_fill;
    uint32_t index;     /* rva of the 32-bit slot that receives the TLS index */
    uint32_t callbacks; /* rva of the zero-terminated array of addresses, 0 if none */
};

struct pe_load_config {
    bool present;
    uint32_t cookie;         /* rva of the security cookie, 0 if none; so for all that follow */
    uint32_t guard_check;    /* rva of the pointer to the check routine */
    uint32_t guard_dispatch; /* ... to the dispatch routine */
    uint32_t guard_xfg_check;
    uint32_t guard_xfg_dispatch;
    uint32_t guard_xfg_table_dispatch;
    uint32_t guard_flags;
    uint32_t guard_table; /* rva of the table of valid call targets */
    uint32_t guard_count;
    uint32_t guard_stride;
};

struct pe_debug {
    bool present; /* a CodeView record with a PDB */
    uint8_t guid[16];
    uint32_t age;
    char pdb[260]; /* path as the linker wrote it, cut if longer */
};

struct pe {
    const uint8_t *file; /* NULL in a mapped image */
    size_t file_size;
    const uint8_t *mapped; /* NULL while this describes a file */

    uint64_t preferred;
    uint32_t size;  /* SizeOfImage, in whole pages */
    uint32_t entry; /* rva, 0 if none */
    uint32_t headers_size;
    uint32_t section_alignment;
    uint32_t checksum;
    uint32_t timestamp;
    uint32_t os_version;        /* major << 16 | minor */
    uint32_t subsystem_version; /* major << 16 | minor */
    uint16_t characteristics;
    uint16_t subsystem; /* 1 native, 2 GUI, 3 console */
    uint16_t dll_characteristics;
    uint64_t stack_reserve;
    uint64_t stack_commit;
    uint64_t heap_reserve;
    uint64_t heap_commit;
    bool relocatable;            /* can live elsewhere than at its preferred base */
    uint32_t directories_offset; /* file offset of the data directories */

    struct pe_directory directory[PE_DIRECTORIES];
    unsigned sections;
    struct pe_section section[PE_MAX_SECTIONS];
    struct pe_tls tls;
    struct pe_load_config load_config;
    struct pe_debug debug;
};

/* 0, or -ENOEXEC with the error filled in; `out` is written on success only. */
int image_parse(const uint8_t *file, size_t size, struct pe *out, struct image_error *err);

/* Reading by rva, of a file or of a mapped image. False/NULL where it leaves the image. */
bool pe_read(const struct pe *pe, uint32_t rva, void *out, uint32_t size);
/* Zero-terminated, at most max bytes with the zero; it points into the file or the image. */
const char *pe_string(const struct pe *pe, uint32_t rva, uint32_t max);
/* File offset that backs an rva; 0 where none does. */
uint32_t pe_offset(const struct pe *pe, uint32_t rva);
const struct pe_section *pe_section_at(const struct pe *pe, uint32_t rva);
bool pe_executable(const struct pe *pe, uint32_t rva);

/* ---- imports ---- */

struct pe_import {
    const char *dll;
    const char *name; /* NULL: by ordinal */
    uint16_t ordinal; /* or the hint */
    uint32_t slot;    /* rva of the IAT slot */
    bool delayed;
};

struct pe_imports {
    const struct pe *pe;
    uint32_t descriptor; /* rva of the next descriptor */
    uint32_t lookup;     /* rva of the next lookup entry, 0: take the next descriptor */
    uint32_t slot;
    uint32_t count;
    uint32_t dlls;
    uint32_t dll; /* rva of the name */
    bool delayed;
    const char *problem; /* why the walk ended early; NULL at a proper end */
    uint32_t problem_rva;
};

/*
 * Walks what an image imports, DLL after DLL, in file order. Works on a file too: that is what
 * `ntlab imports` shows. An image without separate lookup tables can be walked until it is bound.
 *
 *     for (pe_imports_begin(&it, pe, false); pe_imports_next(&it, &import);) ...
 */
void pe_imports_begin(struct pe_imports *it, const struct pe *pe, bool delayed);
bool pe_imports_next(struct pe_imports *it, struct pe_import *out);

/* ---- relocations ---- */

enum pe_relocation_type { PE_REL_ABSOLUTE = 0, PE_REL_HIGHLOW = 3, PE_REL_DIR64 = 10 };

struct pe_relocations {
    const struct pe *pe;
    uint32_t next; /* rva of the next entry */
    uint32_t block_end;
    uint32_t end;
    uint32_t page;
    const char *problem;
    uint32_t problem_rva;
};

/* Walks relocations; ABSOLUTE (padding) is not shown. */
void pe_relocations_begin(struct pe_relocations *it, const struct pe *pe);
bool pe_relocations_next(struct pe_relocations *it, uint32_t *rva, unsigned *type);

/* ---- exports ---- */

struct pe_export {
    const char *name; /* NULL: by ordinal only */
    uint32_t ordinal;
    uint32_t rva;
    const char *forwarder; /* "OTHER.Name" or "OTHER.#12": rva is not to be used then */
};

/* Number of entries of the export address table; each has an index. */
uint32_t pe_export_count(const struct pe *pe);
/* By index; false where the slot is empty. The name is the first that refers to it. */
bool pe_export_at(const struct pe *pe, uint32_t index, struct pe_export *out);
bool pe_export_by_name(const struct pe *pe, const char *name, struct pe_export *out);
bool pe_export_by_ordinal(const struct pe *pe, uint32_t ordinal, struct pe_export *out);
/* The exported name at or next below rva, within the same section; false if there is none. */
bool pe_nearest_export(const struct pe *pe, uint32_t rva, const char **name, uint32_t *offset);

/* ---- unwind data ---- */

struct pe_function {
    uint32_t begin;
    uint32_t end;
    uint32_t unwind; /* rva of UNWIND_INFO */
};

uint32_t pe_function_count(const struct pe *pe);
bool pe_function_at(const struct pe *pe, uint32_t index, struct pe_function *out);
/* The RUNTIME_FUNCTION that covers rva (the table is sorted). */
bool pe_function_find(const struct pe *pe, uint32_t rva, struct pe_function *out);

/* unwind.c: where a thread stands. `peek` reads its stack, and sets `lost` where it cannot. */
struct pe_unwind {
    uint64_t rip, gpr[16]; /* in the order of encoding: rax rcx rdx rbx rsp rbp rsi rdi r8.. */
    uint64_t (*peek)(struct pe_unwind *at, uint64_t address);
    bool lost;
};

/* To the caller of the function that rva is in. False: it is not known. */
bool pe_unwind(const struct pe *pe, uint32_t rva, struct pe_unwind *at);

/* ---- mapped images ---- */

struct image {
    struct pe pe; /* pe.mapped == where */
    uint8_t *where;
    uint64_t base;
    char name[64]; /* file name without folders */
};

/*
 * Copies the image into `where` (pe->size bytes that read as zero), relocates it for `base` and
 * sets the security cookie. -EADDRNOTAVAIL (code conflict) where it cannot live at `base`. The file
 * is not needed afterwards.
 */
int image_map(const struct pe *pe, const char *name, uint8_t *where, uint64_t base,
              struct image *out, struct image_error *err);

struct image_range {
    uint32_t rva;
    uint32_t size;       /* whole pages */
    uint32_t protection; /* ABI_PROT_...; 0 for pages between sections */
    bool discardable;    /* INIT and its like: gone when DriverEntry has returned */
    bool pageable;       /* PAGE...: touching it at DISPATCH_LEVEL is a bug */
    char name[9];        /* section; "" for the headers */
};

/* Ranges in ascending order, covering the image without gap. Index 0 is the headers. */
bool image_range(const struct pe *pe, unsigned index, struct image_range *out);

static inline bool
image_contains(const struct image *image, uint64_t address)
{
    return address - image->base < image->pe.size;
}

/* ---- binding ---- */

struct image_symbol {
    uint64_t address;      /* guest address, if forwarder is NULL */
    const char *forwarder; /* as in struct pe_export */
};

struct image_binder {
    void *ctx;
    /*
     * Finds an export: 0 and *out, or -ENOENT. `name` NULL: by ordinal. A forwarder is given back
     * as it is: image_resolve follows it by asking again.
     */
    int (*resolve)(void *ctx, const char *dll, const char *name, uint16_t ordinal,
                   struct image_symbol *out);
    /*
     * Nobody exports it. Gives the address of a thunk that stops the run when it is called; 0 fails
     * the binding with "import missing". `slot` is the guest address of the IAT slot.
     */
    uint64_t (*missing)(void *ctx, const char *dll, const char *name, uint16_t ordinal,
                        uint64_t slot);
    /* What the CFG pointers of the load configuration get; 0 leaves the image's own. */
    uint64_t guard_check;    /* target in rcx */
    uint64_t guard_dispatch; /* target in rax; checks and jumps */
};

/* 0; -ENOENT (code import missing) if `missing` gave 0; -ENOEXEC if the mapped tables are bad. */
int image_bind(struct image *image, const struct image_binder *binder, struct image_error *err);

/* One export, following forwarders (at most 16 steps). 0 or -ENOENT. */
int image_resolve(const struct image_binder *binder, const char *dll, const char *name,
                  uint16_t ordinal, uint64_t *address);

/* What a resolve callback does once it has found the module. 0 or -ENOENT. */
int image_find(const struct image *image, const char *name, uint16_t ordinal,
               struct image_symbol *out);

/* ntoskrnl.exe under any of its names, and hal.dll: one set of exports. Extension optional. */
bool image_is_kernel_alias(const char *dll);
/* Compares module names as the loader does: no case, ".dll" added where there is no extension. */
bool image_same_name(const char *a, const char *b);

/* "foo.sys!FooRead+0x1c" or "foo.sys+0x1234"; always terminated, returns the length it wanted. */
size_t image_describe(const struct image *image, uint64_t address, char *buffer, size_t size);

#endif
