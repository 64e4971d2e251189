/*
 * code.c - u, uf, lm, x, ln: code, modules, symbols.
 *
 * Code is shown as its file has it: what runs may have been patched (host/image/patch.c). The layout
 * is WinDbg's, the mnemonics are Zydis' in MASM's style.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <Zydis/Zydis.h>
#include "host/debug/debug.h"
#include "host/debug/types.h"
#include "host/image/image.h"

#define DEFAULT_LINES 8
#define MOST_LINES    10000

/* What the formatter's hook gets. */
struct naming {
    struct debug *debug;
    ZydisFormatterFunc otherwise;
};

/* Zydis prints every absolute address through this: a name, where there is one. */
static ZyanStatus
print_absolute(const ZydisFormatter *formatter, ZydisFormatterBuffer *buffer,
               ZydisFormatterContext *context)
{
    const struct naming *naming = context->user_data;
    char name[300], text[360];
    ZyanString *string;
    size_t length;
    ZyanU64 address;

    ZYAN_CHECK(ZydisCalcAbsoluteAddress(context->instruction, context->operand,
                                        context->runtime_address, &address));
    if (!debug_name(naming->debug, address, name, sizeof(name))) {
        return naming->otherwise(formatter, buffer, context);
    }
    snprintf(text, sizeof(text), "%s (%08x`%08x)", name, (unsigned)(address >> 32),
             (unsigned)address);
    ZYAN_CHECK(ZydisFormatterBufferAppend(buffer, ZYDIS_TOKEN_SYMBOL));
    ZYAN_CHECK(ZydisFormatterBufferGetString(buffer, &string));
    /* What ZyanStringAppend does; its library is not linked. The size counts the zero. */
    length = strlen(text);
    if (string->vector.size == 0 || string->vector.size + length > string->vector.capacity) {
        return ZYAN_STATUS_INSUFFICIENT_BUFFER_SIZE;
    }
    memcpy((char *)string->vector.data + string->vector.size - 1, text, length + 1);
    string->vector.size += length;
    return ZYAN_STATUS_SUCCESS;
}

static void
make_formatter(ZydisFormatter *formatter, struct naming *naming)
{
    const void *hook = (const void *)print_absolute;

    ZydisFormatterInit(formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                              ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_HEX_PREFIX, (ZyanUPointer)NULL);
    ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_HEX_SUFFIX, (ZyanUPointer) "h");
    ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_IMM_SIGNEDNESS,
                              ZYDIS_SIGNEDNESS_UNSIGNED);
    ZydisFormatterSetHook(formatter, ZYDIS_FORMATTER_FUNC_PRINT_ADDRESS_ABS, &hook);
    naming->otherwise = (ZydisFormatterFunc)hook;
}

/* Exports that the kernel gives another body at boot on some versions (nt/ke/apcsdisabled.S). */
static const struct {
    const char *export, *body;
    uint32_t first, last; /* --os */
} bodies[] = {
    {"KeAreApcsDisabled", "KiAreApcsDisabled51", 0, 0},
};

/* Where the bytes are that stand at an address on this version. */
static uint64_t
version_body(struct debug *debug, uint64_t address)
{
    uint64_t export, body;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        if (debug->os >= bodies[i].first && debug->os <= bodies[i].last &&
            debug_global(debug, bodies[i].export, &export) &&
            debug_global(debug, bodies[i].body, &body) && body > export &&
            address - export < body - export) {
            return body + (address - export);
        }
    }
    return address;
}

static size_t
code_bytes(struct debug *debug, uint64_t address, uint8_t *out, size_t size)
{
    const struct module *module = debug_module_at(debug, address);
    size_t got = 0;

    if (module != NULL && strcmp(module->name, "nt") == 0) {
        address = version_body(debug, address);
    }

    while (got < size) {
        if (!(module != NULL &&
              pe_read(module->pe, (uint32_t)(address - module->base + got), out + got, 1)) &&
            !debug_read(debug, address + got, out + got, 1)) {
            break;
        }
        got++;
    }
    return got;
}

/* WinDbg's word for a condition that Zydis calls otherwise. */
static void
mnemonic(const char *text, size_t length, char *out, size_t size)
{
    static const char *const stems[] = {"j", "set", "cmov"};
    static const struct {
        const char *zydis, *windbg;
    } words[] = {{"z", "e"}, {"nz", "ne"}, {"nle", "g"}, {"nbe", "a"}, {"nb", "ae"}, {"nl", "ge"}};

    snprintf(out, size, "%.*s", (int)length, text);
    for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++) {
        size_t stem = strlen(stems[i]);

        for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++) {
            if (strncmp(out, stems[i], stem) == 0 && strcmp(out + stem, words[j].zydis) == 0) {
                snprintf(out + stem, size - stem, "%s", words[j].windbg);
                return;
            }
        }
    }
}

/* "mov     rax,qword ptr gs:[188h]": the mnemonic in its column, no space behind commas. */
static void
print_text(FILE *out, const char *text)
{
    const char *space = strchr(text, ' ');
    char word[32];

    if (space == NULL) {
        fprintf(out, "%s\n", text);
        return;
    }
    mnemonic(text, (size_t)(space - text), word, sizeof(word));
    fprintf(out, "%-7s ", word);
    for (const char *c = space + 1; *c != 0; c++) {
        size_t digits = strspn(c, "0123456789ABCDEF");

        if (*c >= 'A' && *c <= 'F' && strchr(" ,[+-", c[-1]) != NULL && c[digits] == 'h') {
            fputc('0', out); /* a number starts with a digit */
        }
        fputc(*c, out);
        if (*c == ',' && c[1] == ' ') {
            c++;
        }
    }
    fputc('\n', out);
}

uint64_t
debug_unassemble(struct debug *debug, uint64_t address, unsigned count, uint64_t end)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    struct naming naming = {.debug = debug};
    ZydisFormatter formatter;
    ZydisDecoder decoder;
    char name[300];

    make_formatter(&formatter, &naming);
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (unsigned i = 0; (end ? address < end : i < count) && i < MOST_LINES; i++) {
        uint8_t bytes[15];
        char text[400];
        size_t length = code_bytes(debug, address, bytes, sizeof(bytes));
        const struct module *module = debug_module_at(debug, address);
        uint32_t offset = 1;

        if (i == 0 ||
            (module != NULL &&
             dwarf_nearest(module->dwarf, (uint32_t)(address - module->base), &offset) != NULL &&
             offset == 0)) {
            debug_name(debug, address, name, sizeof(name));
            fprintf(debug->out, "%s:\n", name);
        }
        debug_print64(debug->out, address);
        if (length == 0) {
            fprintf(debug->out, " ??              ???\n");
            return address;
        }
        if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, bytes, length, &instruction, operands)) ||
            ZYAN_FAILED(ZydisFormatterFormatInstruction(&formatter, &instruction, operands,
                                                        instruction.operand_count_visible, text,
                                                        sizeof(text), address, &naming))) {
            fprintf(debug->out, " %02x              ???\n", bytes[0]);
            address++;
            continue;
        }
        fputc(' ', debug->out);
        for (size_t j = 0; j < instruction.length; j++) {
            fprintf(debug->out, "%02x", bytes[j]);
        }
        fprintf(debug->out, "%*s", instruction.length < 8 ? (int)(16 - 2 * instruction.length) : 1,
                "");
        print_text(debug->out, text);
        address += instruction.length;
    }
    return address;
}

/* Without the int3 that fill up behind a function; one alone may be behind a call that never returns. */
static uint64_t
trim_end(struct debug *debug, uint64_t begin, uint64_t end)
{
    uint64_t last = end;
    uint8_t byte;

    while (last > begin && code_bytes(debug, last - 1, &byte, 1) == 1 && byte == 0xCC) {
        last--;
    }
    return end - last > 1 ? last : end;
}

bool
debug_function(struct debug *debug, uint64_t address, uint64_t *begin, uint64_t *end)
{
    struct module *module = debug_module_at(debug, address);
    struct pe_function function;
    const struct symbol *symbol;
    uint32_t offset, rva;

    if (module == NULL) {
        return false;
    }
    rva = (uint32_t)(address - module->base);
    symbol = dwarf_nearest(debug_symbols(module), rva, &offset);
    if (symbol != NULL && symbol->kind == SYMBOL_CODE && offset < symbol->size) {
        *begin = module->base + symbol->rva;
        *end = trim_end(debug, *begin, *begin + symbol->size);
        return true;
    }
    if (pe_function_find(module->pe, rva, &function)) {
        *begin = module->base + function.begin;
        *end = trim_end(debug, *begin, module->base + function.end);
        return true;
    }
    if (symbol != NULL && symbol->kind == SYMBOL_CODE) {
        /* A leaf of assembler code: to the next symbol. */
        *begin = module->base + symbol->rva;
        for (*end = address + 1; *end < module->base + module->size && *end < *begin + 4096;
             (*end)++) {
            if (dwarf_nearest(module->dwarf, (uint32_t)(*end - module->base), &offset) != symbol) {
                return true;
            }
        }
    }
    return false;
}

/* "L8" behind an address. */
static bool
line_count(struct debug *debug, const struct arguments *arguments, unsigned *count)
{
    *count = DEFAULT_LINES;
    if (arguments->count < 2) {
        return true;
    }
    if (strchr("lL", arguments->word[1][0]) != NULL) {
        char *end;
        unsigned long value = strtoul(arguments->word[1] + 1, &end, 16);

        if (*end == 0 && end != arguments->word[1] + 1 && value >= 1 && value <= MOST_LINES) {
            *count = (unsigned)value;
            return true;
        }
    }
    fprintf(debug->out, "`%s` is no number of lines: L8, say\n", arguments->word[1]);
    return false;
}

void
command_u(struct debug *debug, const struct arguments *arguments)
{
    uint64_t address = debug->next;
    unsigned count;

    if ((arguments->count == 0 || debug_evaluate(debug, arguments->word[0], &address)) &&
        line_count(debug, arguments, &count)) {
        debug->next = debug_unassemble(debug, address, count, 0);
    }
}

void
command_uf(struct debug *debug, const struct arguments *arguments)
{
    uint64_t address = debug->next, begin, end;

    if (arguments->count != 0 && !debug_evaluate(debug, arguments->word[0], &address)) {
        return;
    }
    if (!debug_function(debug, address, &begin, &end)) {
        fprintf(debug->out, "no function is known around %lx\n", address);
        return;
    }
    debug->next = debug_unassemble(debug, begin, 0, end);
}

void
command_lm(struct debug *debug, const struct arguments *arguments)
{
    fprintf(debug->out, "%-17s %-17s %-20s symbols\n", "start", "end", "module name");
    for (size_t i = 0; i < debug->modules; i++) {
        struct module *module = &debug->module[i];
        const struct symbol *all;

        debug_print64(debug->out, module->base);
        fputc(' ', debug->out);
        debug_print64(debug->out, module->base + module->size);
        fprintf(debug->out, " %-20s %s%s%s\n", module->stem,
                dwarf_has_types(debug_symbols(module))            ? "(dwarf)"
                : dwarf_symbols(debug_symbols(module), &all) != 0 ? "(export symbols)"
                                                                  : "(none)",
                module->image != NULL ? "  " : "", module->image ? module->image->path : "");
    }
}

void
command_x(struct debug *debug, const struct arguments *arguments)
{
    char name[64];
    const char *pattern;
    unsigned shown = 0;

    if (arguments->count != 1) {
        fprintf(debug->out, "x IMAGE!PATTERN\n");
        return;
    }
    pattern = name_split(arguments->word[0], name, sizeof(name));
    for (size_t i = 0; i < debug->modules; i++) {
        struct module *module = &debug->module[i];
        const struct symbol *all;
        size_t count;

        if (name[0] != 0 && fnmatch(name, module->stem, FNM_CASEFOLD) != 0 &&
            module != debug_module(debug, name)) {
            continue;
        }
        count = dwarf_symbols(debug_symbols(module), &all);
        for (size_t j = 0; j < count; j++) {
            if (all[j].kind != SYMBOL_TYPE && fnmatch(pattern, all[j].name, FNM_CASEFOLD) == 0) {
                debug_print64(debug->out, module->base + all[j].rva);
                fprintf(debug->out, " %s!%s\n", module->stem, all[j].name);
                shown++;
            }
        }
    }
    if (shown == 0) {
        fprintf(debug->out, "no symbol matches `%s`\n", arguments->word[0]);
    }
}

void
command_ln(struct debug *debug, const struct arguments *arguments)
{
    uint64_t address;
    char name[300];

    if (arguments->count != 1) {
        fprintf(debug->out, "ln ADDRESS\n");
    } else if (debug_evaluate(debug, arguments->word[0], &address)) {
        if (debug_name(debug, address, name, sizeof(name))) {
            fputc('(', debug->out);
            debug_print64(debug->out, address);
            fprintf(debug->out, ")   %s\n", name);
        } else {
            fprintf(debug->out, "%lx lies in no module\n", address);
        }
    }
}
