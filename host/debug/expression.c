/*
 * expression.c - what an argument means.
 *
 *     term { (+|-) term }
 *     term:  hexadecimal number, 0n decimal, `@rax`, `@$thread`, `@$proc`, `@$teb`, [IMAGE!]SYMBOL,
 *            poi(expression), (expression)
 *
 * As in WinDbg a number is hexadecimal, may hold a backtick, and a name that reads as a number is
 * one.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "host/debug/debug.h"

#define MAX_DEPTH 16

struct parser {
    struct debug *debug;
    const char *at;
    int depth;
};

bool
debug_register(const struct debug *debug, const char *name, uint64_t *out)
{
    static const struct {
        const char *name;
        size_t offset;
    } names[] = {
#define R(r) {#r, offsetof(struct abi_trap, r)}
        R(rax),
        R(rcx),
        R(rdx),
        R(rbx),
        R(rsp),
        R(rbp),
        R(rsi),
        R(rdi),
        R(r8),
        R(r9),
        R(r10),
        R(r11),
        R(r12),
        R(r13),
        R(r14),
        R(r15),
        R(rip),
#undef R
        {"efl", offsetof(struct abi_trap, rflags)},
    };

    for (size_t i = 0; debug->result != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, name) == 0) {
            memcpy(out, (const char *)&debug->result->registers + names[i].offset, 8);
            return true;
        }
    }
    return false;
}

static bool sum(struct parser *parser, uint64_t *out);

static void
spaces(struct parser *parser)
{
    while (*parser->at == ' ') {
        parser->at++;
    }
}

static bool
closed(struct parser *parser, uint64_t *out)
{
    parser->at++;
    if (++parser->depth > MAX_DEPTH) {
        fprintf(parser->debug->out, "the expression is nested too deep\n");
        return false;
    }
    if (!sum(parser, out)) {
        return false;
    }
    parser->depth--;
    spaces(parser);
    if (*parser->at != ')') {
        fprintf(parser->debug->out, "`)` is missing before `%s`\n", parser->at);
        return false;
    }
    parser->at++;
    return true;
}

static bool
number(const char *word, uint64_t *out)
{
    char digits[40], *end;
    size_t length = 0;

    for (const char *c = word; *c != 0; c++) {
        if (*c != '`') {
            if (length + 1 >= sizeof(digits)) {
                return false;
            }
            digits[length++] = *c;
        }
    }
    digits[length] = 0;
    if (strncmp(digits, "0n", 2) == 0) {
        *out = strtoull(digits + 2, &end, 10);
        return isdigit((unsigned char)digits[2]) && *end == 0;
    }
    if (!isxdigit((unsigned char)digits[0])) {
        return false;
    }
    *out = strtoull(digits, &end, 16);
    return *end == 0;
}

static bool
named(struct parser *parser, const char *word, uint64_t *out)
{
    struct debug *debug = parser->debug;

    if (word[0] == '@' && word[1] == '$') {
        if (strcmp(word, "@$thread") == 0) {
            *out = debug->thread;
        } else if (strcmp(word, "@$proc") == 0) {
            *out = debug_get(debug, "_KTHREAD", debug->thread, "ApcState.Process");
        } else if (strcmp(word, "@$teb") == 0) {
            *out = debug_get(debug, "_KTHREAD", debug->thread, "Teb");
        } else if (strcmp(word, "@$pcr") == 0) {
            *out = debug_processor(debug, debug->result ? debug->result->cpu : 0);
        } else if (strcmp(word, "@$ip") == 0) {
            return debug_register(debug, "rip", out);
        } else {
            fprintf(debug->out, "no pseudo-register `%s`\n", word);
            return false;
        }
        return true;
    }
    if (word[0] == '@') {
        if (!debug_register(debug, word + 1, out)) {
            fprintf(debug->out, "no register `%s`\n", word);
            return false;
        }
        return true;
    }
    if (number(word, out) || debug_register(debug, word, out) || debug_symbol(debug, word, out)) {
        return true;
    }
    fprintf(debug->out, "cannot resolve `%s`: neither a number nor a symbol\n", word);
    return false;
}

static bool
term(struct parser *parser, uint64_t *out)
{
    const char *sign;
    char word[256];
    size_t length = 0;

    spaces(parser);
    if (*parser->at == '(') {
        return closed(parser, out);
    }
    if (strncmp(parser->at, "poi(", 4) == 0) {
        uint64_t address;

        parser->at += 3;
        if (!closed(parser, &address)) {
            return false;
        }
        if (!debug_u64(parser->debug, address, out)) {
            fprintf(parser->debug->out, "memory at %lx cannot be read\n", address);
            return false;
        }
        return true;
    }
    sign = strpbrk(parser->at, " +()!:");
    if (sign != NULL && (*sign == '!' || *sign == ':') &&
        (size_t)(sign - parser->at) + 1 < sizeof(word)) {
        length = (size_t)(sign - parser->at); /* an image's name may hold a `-` */
        memcpy(word, parser->at, length);
    }
    while (parser->at[length] != 0 && strchr(" +-()", parser->at[length]) == NULL &&
           length + 1 < sizeof(word)) {
        word[length] = parser->at[length];
        length++;
    }
    word[length] = 0;
    if (length == 0) {
        fprintf(parser->debug->out, "an address is missing%s%s\n", *parser->at ? " before " : "",
                parser->at);
        return false;
    }
    parser->at += length;
    return named(parser, word, out);
}

static bool
sum(struct parser *parser, uint64_t *out)
{
    uint64_t value;

    if (!term(parser, out)) {
        return false;
    }
    for (;;) {
        char sign;

        spaces(parser);
        sign = *parser->at;
        if (sign != '+' && sign != '-') {
            return true;
        }
        parser->at++;
        if (!term(parser, &value)) {
            return false;
        }
        *out = sign == '+' ? *out + value : *out - value;
    }
}

bool
debug_evaluate(struct debug *debug, const char *text, uint64_t *out)
{
    struct parser parser = {debug, text, 0};

    if (!sum(&parser, out)) {
        return false;
    }
    if (*parser.at != 0) {
        fprintf(debug->out, "`%s` makes no sense behind an address\n", parser.at);
        return false;
    }
    return true;
}
