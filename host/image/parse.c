/*
 * parse.c - headers and section table of an untrusted PE file.
 *
 * What is checked here is what later steps lean on:
 *   P1  sections ascend, do not overlap, start on the section alignment, follow each other without
 *       a gap ("in ascending order and adjacent", PE Format) and end within SizeOfImage
 *   P2  every section's file data lies within the file, the headers within file and image
 *   P3  data directories that a later step walks are within the image (directory.c)
 *
 * Windows' loader differs from the document in two places that real files depend on: a section's
 * file pointer is rounded down to 512, and data past the rounded-up virtual size is not mapped.
 */
#include <errno.h>
#include <string.h>
#include "host/image/internal.h"

#define DOS_HEADER_SIZE     64
#define NT_HEADERS_SIZE     24  /* signature and file header */
#define OPTIONAL_SIZE       112 /* PE32+, without data directories */
#define SECTION_HEADER_SIZE 40

#define MACHINE_AMD64 0x8664

static const char *
machine_name(uint16_t machine)
{
    switch (machine) {
    case 0x014C:
        return "32-bit x86";
    case 0x01C0:
    case 0x01C2:
    case 0x01C4:
        return "32-bit ARM";
    case 0xAA64:
        return "ARM64";
    case 0x0200:
        return "Itanium";
    case 0x5064:
        return "RISC-V";
    default:
        return "unknown";
    }
}

static bool
power_of_two(uint32_t x)
{
    return x && !(x & (x - 1));
}

static int
parse_headers(struct pe *pe, uint32_t *section_table, struct image_error *err)
{
    const uint8_t *file = pe->file;
    size_t size = pe->file_size;
    const uint8_t *header, *optional;
    uint32_t nt, opt, file_alignment, size_of_image, directories;
    uint16_t machine, sections, optional_size, magic;

    if (size < 2 || file[0] != 'M' || file[1] != 'Z') {
        return image_malformed(err, 0, "not a PE file: it does not start with MZ");
    }
    if (size < DOS_HEADER_SIZE) {
        return image_malformed(
            err, size, "truncated: the DOS header ends at offset 64, the file at %zu", size);
    }
    nt = load32(file + 0x3C);
    if (nt > size || size - nt < NT_HEADERS_SIZE) {
        return image_malformed(
            err, 0x3C,
            "e_lfanew is 0x%x: the PE header would lie past the end of the file (0x%zx bytes)", nt,
            size);
    }
    header = file + nt;
    if (memcmp(header, "PE\0\0", 4) != 0) {
        return image_malformed(err, nt, "no PE signature at the offset that e_lfanew gives (0x%x)",
                               nt);
    }
    machine = load16(header + 4);
    if (machine != MACHINE_AMD64) {
        return image_error_set(err, -ENOEXEC, ABI_IMAGE_WRONG_MACHINE, nt + 4,
                               "Machine is 0x%x (%s): only x86-64 images (0x8664) run here",
                               machine, machine_name(machine));
    }
    sections = load16(header + 6);
    if (sections > PE_MAX_SECTIONS) {
        return image_malformed(err, nt + 6, "NumberOfSections is %u, the loader's limit is %u",
                               sections, PE_MAX_SECTIONS);
    }
    pe->timestamp = load32(header + 8);
    optional_size = load16(header + 20);
    pe->characteristics = load16(header + 22);
    if (!(pe->characteristics & PE_FILE_EXECUTABLE)) {
        return image_malformed(err, nt + 22,
                               "Characteristics are 0x%x: not marked as executable image",
                               pe->characteristics);
    }

    opt = nt + NT_HEADERS_SIZE;
    if (optional_size < 2 || size - opt < 2) {
        return image_malformed(
            err, nt + 20, "SizeOfOptionalHeader is %u: there is no optional header", optional_size);
    }
    optional = file + opt;
    magic = load16(optional);
    if (magic != 0x20B) {
        return image_malformed(err, opt, "optional header's Magic is 0x%x, PE32+ has 0x20b", magic);
    }
    if (optional_size < OPTIONAL_SIZE) {
        return image_malformed(err, nt + 20, "SizeOfOptionalHeader is %u, PE32+ needs at least %u",
                               optional_size, OPTIONAL_SIZE);
    }
    if (size - opt < optional_size) {
        return image_malformed(
            err, size, "truncated: the optional header ends at offset 0x%x, the file at 0x%zx",
            opt + optional_size, size);
    }

    pe->entry = load32(optional + 16);
    pe->preferred = load64(optional + 24);
    pe->section_alignment = load32(optional + 32);
    file_alignment = load32(optional + 36);
    pe->os_version = (uint32_t)load16(optional + 40) << 16 | load16(optional + 42);
    pe->subsystem_version = (uint32_t)load16(optional + 48) << 16 | load16(optional + 50);
    size_of_image = load32(optional + 56);
    pe->headers_size = load32(optional + 60);
    pe->checksum = load32(optional + 64);
    pe->subsystem = load16(optional + 68);
    pe->dll_characteristics = load16(optional + 70);
    pe->stack_reserve = load64(optional + 72);
    pe->stack_commit = load64(optional + 80);
    pe->heap_reserve = load64(optional + 88);
    pe->heap_commit = load64(optional + 96);
    directories = load32(optional + 108);

    if (pe->preferred & 0xFFFF) {
        return image_malformed(err, opt + 24, "ImageBase 0x%llx is not a multiple of 64 KiB",
                               (unsigned long long)pe->preferred);
    }
    if (!power_of_two(file_alignment) || file_alignment > 0x10000) {
        return image_malformed(
            err, opt + 36, "FileAlignment 0x%x is not a power of two up to 64 KiB", file_alignment);
    }
    if (!power_of_two(pe->section_alignment) || pe->section_alignment < file_alignment) {
        return image_malformed(
            err, opt + 32,
            "SectionAlignment 0x%x is not a power of two that is at least FileAlignment (0x%x)",
            pe->section_alignment, file_alignment);
    }
    if (pe->section_alignment < ABI_PAGE_SIZE && pe->section_alignment != file_alignment) {
        return image_malformed(
            err, opt + 32,
            "SectionAlignment 0x%x is below the page size and differs from FileAlignment (0x%x)",
            pe->section_alignment, file_alignment);
    }
    if (size_of_image == 0 || size_of_image > PE_MAX_SIZE) {
        return image_malformed(err, opt + 56, "SizeOfImage 0x%x is not between 1 and 0x%x",
                               size_of_image, PE_MAX_SIZE);
    }
    pe->size = (uint32_t)PAGE_UP(size_of_image);
    if (pe->preferred > UINT64_MAX - pe->size) {
        return image_malformed(err, opt + 24, "ImageBase 0x%llx + SizeOfImage wraps around",
                               (unsigned long long)pe->preferred);
    }
    if (pe->headers_size > size) {
        return image_malformed(err, opt + 60, "SizeOfHeaders 0x%x is larger than the file (0x%zx)",
                               pe->headers_size, size);
    }
    if (pe->headers_size > pe->size) {
        return image_malformed(err, opt + 60,
                               "SizeOfHeaders 0x%x is larger than SizeOfImage (0x%x)",
                               pe->headers_size, pe->size);
    }
    if (pe->entry >= pe->size) {
        return image_malformed(err, opt + 16,
                               "AddressOfEntryPoint 0x%x lies outside the image (0x%x bytes)",
                               pe->entry, pe->size);
    }
    if (directories > PE_DIRECTORIES) {
        directories = PE_DIRECTORIES; /* as Windows does */
    }
    if (optional_size < OPTIONAL_SIZE + directories * 8) {
        return image_malformed(err, opt + 108,
                               "NumberOfRvaAndSizes is %u: the data directories reach past the "
                               "optional header (%u bytes)",
                               directories, optional_size);
    }
    pe->directories_offset = opt + OPTIONAL_SIZE;
    for (uint32_t i = 0; i < directories; i++) {
        pe->directory[i].rva = load32(optional + OPTIONAL_SIZE + i * 8);
        pe->directory[i].size = load32(optional + OPTIONAL_SIZE + i * 8 + 4);
    }

    *section_table = opt + optional_size;
    if ((size - *section_table) / SECTION_HEADER_SIZE < sections) {
        return image_malformed(
            err, nt + 6,
            "NumberOfSections is %u: the section table reaches past the end of the file", sections);
    }
    if (pe->headers_size < *section_table + sections * SECTION_HEADER_SIZE) {
        return image_malformed(
            err, opt + 60,
            "SizeOfHeaders 0x%x does not cover the section table, which ends at 0x%x",
            pe->headers_size, *section_table + sections * SECTION_HEADER_SIZE);
    }
    pe->sections = sections;
    return 0;
}

static int
parse_section(const struct pe *pe, uint32_t offset, uint64_t expected, struct pe_section *section,
              uint64_t *next, struct image_error *err)
{
    const uint8_t *header = pe->file + offset;
    uint32_t virtual_size = load32(header + 8);
    uint32_t raw_size = load32(header + 16);
    uint32_t raw = load32(header + 20);
    uint64_t end, mapped;

    memcpy(section->name, header, 8);
    section->name[8] = 0;
    section->rva = load32(header + 12);
    section->characteristics = load32(header + 36);
    section->size = virtual_size ? virtual_size : raw_size;

    if (section->rva % pe->section_alignment) {
        return image_malformed(
            err, offset + 12,
            "section '%s': VirtualAddress 0x%x is not a multiple of SectionAlignment (0x%x)",
            section->name, section->rva, pe->section_alignment);
    }
    if (section->rva < expected) {
        return image_malformed(err, offset + 12,
                               "section '%s': VirtualAddress 0x%x overlaps what ends at 0x%llx",
                               section->name, section->rva, (unsigned long long)expected);
    }
    if (section->rva > expected) {
        return image_malformed(err, offset + 12,
                               "section '%s': VirtualAddress 0x%x leaves a gap after 0x%llx",
                               section->name, section->rva, (unsigned long long)expected);
    }
    if (section->size == 0) {
        return image_malformed(err, offset + 8,
                               "section '%s' has neither VirtualSize nor SizeOfRawData",
                               section->name);
    }
    end = (uint64_t)section->rva + section->size;
    if (end > pe->size) {
        return image_malformed(err, offset + 8,
                               "section '%s' ends at 0x%llx, outside SizeOfImage (0x%x)",
                               section->name, (unsigned long long)end, pe->size);
    }
    *next = (end + pe->section_alignment - 1) & ~(uint64_t)(pe->section_alignment - 1);

    if (raw == 0 || raw_size == 0) {
        return 0; /* reads as zero */
    }
    if (pe->section_alignment < ABI_PAGE_SIZE) {
        /* The file is mapped as it lies, in one piece. */
        if (raw != section->rva) {
            return image_malformed(err, offset + 20,
                                   "section '%s': PointerToRawData 0x%x must equal VirtualAddress "
                                   "(0x%x) where SectionAlignment is below the page size",
                                   section->name, raw, section->rva);
        }
        mapped = section->size;
    } else {
        raw &= ~511u;
        mapped = PAGE_UP(section->size);
    }
    if (mapped > raw_size) {
        mapped = raw_size;
    }
    if (raw > pe->file_size) {
        return image_malformed(
            err, offset + 20,
            "section '%s': PointerToRawData 0x%x lies past the end of the file (0x%zx bytes)",
            section->name, raw, pe->file_size);
    }
    /* Padding of the last section up to FileAlignment may be cut off. */
    if (mapped > pe->file_size - raw) {
        if (pe->file_size - raw < section->size && pe->file_size - raw < raw_size) {
            return image_malformed(err, offset + 16,
                                   "section '%s': its data (0x%x bytes at 0x%x) reaches past the "
                                   "end of the file (0x%zx bytes)",
                                   section->name, raw_size, raw, pe->file_size);
        }
        mapped = pe->file_size - raw;
    }
    section->raw = raw;
    section->raw_size = (uint32_t)mapped;
    return 0;
}

int
image_parse(const uint8_t *file, size_t size, struct pe *out, struct image_error *err)
{
    struct pe pe;
    uint32_t table = 0;
    uint64_t expected;
    int result;

    memset(&pe, 0, sizeof pe);
    pe.file = file;
    pe.file_size = size;
    result = parse_headers(&pe, &table, err);
    if (result) {
        return result;
    }
    expected = ((uint64_t)pe.headers_size + pe.section_alignment - 1) &
               ~(uint64_t)(pe.section_alignment - 1);
    for (unsigned i = 0; i < pe.sections; i++) {
        /* The first section may start anywhere past the headers. */
        if (i == 0) {
            uint32_t first = load32(file + table + 12);

            if (first > expected && first < pe.size) {
                expected = first;
            }
        }
        result = parse_section(&pe, table + i * SECTION_HEADER_SIZE, expected, &pe.section[i],
                               &expected, err);
        if (result) {
            return result;
        }
    }
    result = pe_check_directories(&pe, err);
    if (result) {
        return result;
    }
    *out = pe;
    return 0;
}
