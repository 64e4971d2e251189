/*
 * function.c - RUNTIME_FUNCTION entries (.pdata), sorted by begin address.
 *
 * Facts: Microsoft, "x64 exception handling": begin, end, unwind information; an entry whose unwind
 * rva is odd refers to another RUNTIME_FUNCTION.
 */
#include "host/image/internal.h"

uint32_t
pe_function_count(const struct pe *pe)
{
    return pe->directory[PE_EXCEPTION].size / 12;
}

bool
pe_function_at(const struct pe *pe, uint32_t index, struct pe_function *out)
{
    uint8_t entry[12];

    if (index >= pe_function_count(pe) ||
        !pe_read(pe, pe->directory[PE_EXCEPTION].rva + index * 12, entry, sizeof entry)) {
        return false;
    }
    out->begin = load32(entry);
    out->end = load32(entry + 4);
    out->unwind = load32(entry + 8);
    return true;
}

bool
pe_function_find(const struct pe *pe, uint32_t rva, struct pe_function *out)
{
    uint32_t low = 0, high = pe_function_count(pe);
    struct pe_function function;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (!pe_function_at(pe, middle, &function)) {
            return false;
        }
        if (rva < function.begin) {
            high = middle;
        } else if (rva >= function.end) {
            low = middle + 1;
        } else {
            *out = function;
            return true;
        }
    }
    return false;
}
