/*
 * hints.c - what a driver's code compares with what it loads from memory: signatures, commands, bounds, lengths.
 *
 * A buffer of nothing but zeros comes no further than to the first check of it. So each load with a small offset is
 * followed (follow.c) to the numbers that it is compared with. Which structure the load is from is not known, and need not
 * be: what stands in the code that runs for a control code is a hint for that code's buffer; where no jump leads to it (a
 * table does), all of the image are. The client puts them where they belong, alone and together (user/check/content.c).
 *
 *     4:12345678      the word at offset 4 is compared with 0x12345678
 *     x:12345678      such a number is compared with something on the stack: a copy, whose offsets are not known
 *     l:18            a length: InputBufferLength and OutputBufferLength stand at 0x10 and 8 of an IO_STACK_LOCATION
 *
 *   K2  A hint that is none costs requests, as in K1.
 */
#include <stdlib.h>
#include <string.h>
#include "host/check/check.h"
#include "host/check/follow.h"

#define MAX_OFFSET  0x200
#define MAX_HINTS   4000
#define MAX_REACHED 3000 /* instructions of one code */
#define MAX_WORDS   28   /* hints of one code */
#define LENGTH_IN   0x10
#define LENGTH_OUT  0x8
#define MAX_LENGTH  0x10000

struct hint {
    uint32_t rva;   /* of the decision */
    int32_t offset; /* -1: anywhere */
    uint32_t value;
    uint32_t codes; /* in the code of so many */
};

struct hints {
    struct hint hint[MAX_HINTS];
    size_t count;
    int32_t offset; /* of the load that is followed */
};

static void
add(struct hints *hints, uint32_t rva, int32_t offset, uint32_t value)
{
    if (value == 0 || value == UINT32_MAX || value >> 28 == 0xC || hints->count == MAX_HINTS) {
        return; /* NULL, a status */
    }
    for (size_t i = 0; i < hints->count; i++) {
        if (hints->hint[i].rva == rva && hints->hint[i].offset == offset &&
            hints->hint[i].value == value) {
            return;
        }
    }
    hints->hint[hints->count++] = (struct hint){rva, offset, value, 0};
}

static void
decided(struct walk *walk, const struct state *state, uint32_t number, bool equal, uint32_t target,
        uint32_t next)
{
    struct hints *hints = walk->context;

    (void)equal, (void)target, (void)next;
    add(hints, state->rva, hints->offset, value_when(&state->flags, number));
}

/* `cmp [rsp+x], number`, `movzx eax, word ptr [rsp+x]`: a copy of a structure, or any variable. */
static void
look_at_copy(struct walk *walk, struct hints *hints, uint32_t rva,
             const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operand)
{
    if (insn->mnemonic == ZYDIS_MNEMONIC_CMP && operand[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
        (operand[0].mem.base == ZYDIS_REGISTER_RSP || operand[0].mem.base == ZYDIS_REGISTER_RBP) &&
        operand[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        add(hints, rva, -1, (uint32_t)operand[1].imm.value.u);
    } else if ((insn->mnemonic == ZYDIS_MNEMONIC_MOVZX ||
                (insn->mnemonic == ZYDIS_MNEMONIC_MOV && operand[1].size < 32)) &&
               operand[1].type == ZYDIS_OPERAND_TYPE_MEMORY &&
               (operand[1].mem.base == ZYDIS_REGISTER_RSP ||
                operand[1].mem.base == ZYDIS_REGISTER_RBP)) {
        hints->offset = -1;
        walk->from_any = true;
        follow(walk, rva);
        walk->from_any = false;
    }
}

static void
find_all(const struct flow *flow, struct hints *hints)
{
    struct walk walk = {.flow = flow,
                        .narrow = true,
                        .most = 60,
                        .patience = 60,
                        .decided = decided,
                        .context = hints};
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;

    if (!follow_begin(&walk)) {
        abort();
    }
    for (uint32_t rva = flow_next(flow, 0); rva != 0; rva = flow_next(flow, rva + 1)) {
        if (!follow_decode(&walk, rva, &insn, operand)) {
            continue;
        }
        for (uint8_t i = 0; i < insn.operand_count_visible; i++) {
            if (follow_is_memory(&operand[i]) && operand[i].mem.disp.value >= 0 &&
                operand[i].mem.disp.value < MAX_OFFSET) {
                walk.field = operand[i].mem.disp.value;
                hints->offset = (int32_t)walk.field;
                if (follow_loads(&walk, &insn, operand)) {
                    follow(&walk, rva);
                }
                break;
            }
        }
        look_at_copy(&walk, hints, rva, &insn, operand);
    }
    follow_end(&walk);
}

/* Order of the instructions that run from `start` on, the nearest first; 0: not one of them. */
static void
reach(const struct flow *flow, uint32_t start, uint16_t *order)
{
    static uint32_t queue[MAX_REACHED];
    size_t next = 0, count = 0, size = flow_pe(flow)->size;

    memset(order, 0, size * sizeof(*order));
    if (start == 0 || start >= size) {
        return;
    }
    queue[count++] = start;
    order[start] = 1;
    while (next < count) {
        uint32_t rva = queue[next++], to[2] = {0};
        struct insn insn;

        if (!flow_at(flow, rva, &insn)) {
            continue;
        }
        to[0] = insn.flow == INSN_NEXT || insn.flow == INSN_BRANCH || insn.flow == INSN_CALL ||
                        insn.flow == INSN_CALL_INDIRECT
                    ? rva + insn.length
                    : 0;
        to[1] = insn.flow == INSN_BRANCH || insn.flow == INSN_JUMP || insn.flow == INSN_CALL
                    ? flow_target(rva, &insn)
                    : 0;
        for (size_t i = 0; i < 2; i++) {
            if (to[i] != 0 && to[i] < size && order[to[i]] == 0 && count < MAX_REACHED) {
                queue[count++] = to[i];
                order[to[i]] = (uint16_t)count;
            }
        }
    }
}

struct ranked {
    const struct hint *hint;
    uint16_t order;
};

static int
by_order(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;

    return a->order != b->order              ? a->order - b->order
           : a->hint->rva != b->hint->rva    ? (a->hint->rva < b->hint->rva ? -1 : 1)
           : a->hint->value < b->hint->value ? -1
                                             : a->hint->value > b->hint->value;
}

static void
put_word(char *out, size_t size, size_t *words, const char *word)
{
    size_t length = strlen(out);

    for (const char *at = out; (at = strstr(at, word)) != NULL; at++) {
        if (at[strlen(word)] == '/' || at[strlen(word)] == 0) {
            return;
        }
    }
    if (length + strlen(word) < size && *words < MAX_WORDS) {
        strcpy(out + length, word);
        ++*words;
    }
}

/* What stands where the lengths are may be a field as well. */
static void
put_hint(char *out, size_t size, size_t *words, const struct hint *hint)
{
    char word[32];

    if ((hint->offset == LENGTH_IN || hint->offset == LENGTH_OUT) && hint->value < MAX_LENGTH) {
        snprintf(word, sizeof(word), "/l:%x", hint->value);
        put_word(out, size, words, word);
    }
    if (hint->offset < 0) {
        snprintf(word, sizeof(word), "/x:%x", hint->value);
    } else {
        snprintf(word, sizeof(word), "/%x:%x", (uint32_t)hint->offset, hint->value);
    }
    put_word(out, size, words, word);
}

static bool
has_offset(const char *words, int32_t offset)
{
    char word[16];

    snprintf(word, sizeof(word), "/%x:", (uint32_t)offset);
    return strstr(words, word) != NULL;
}

/* What many codes want is checked for all, before or after the driver looks which one it is. */
static void
put_common(const struct hints *hints, const struct code *of, char *out, size_t size, size_t *words)
{
    for (size_t i = 0; i < hints->count; i++) {
        const struct hint *hint = &hints->hint[i];
        bool is_code = hint->offset == 0x18 && hint->value >> 16 == of->code >> 16;

        if (hint->offset >= 0 && !is_code && !has_offset(out, hint->offset) &&
            (hint->codes > 1 || (hint->codes == 0 && hint->value > 0xFFFF))) {
            put_hint(out, size, words, hint);
        }
    }
}

void
hints_find(const uint8_t *file, size_t size, const char *name, struct code *code, size_t codes)
{
    struct flow *flow = codes != 0 ? flow_open(file, size, name) : NULL;
    struct hints *hints = calloc(1, sizeof(*hints));
    struct ranked *ranked = calloc(MAX_HINTS, sizeof(*ranked));
    uint16_t *order;

    if (flow == NULL || hints == NULL || ranked == NULL) {
        free(ranked);
        free(hints);
        return;
    }
    order = calloc(flow_pe(flow)->size, sizeof(*order));
    if (order == NULL) {
        abort();
    }
    find_all(flow, hints);
    for (size_t i = 0; i < codes; i++) {
        reach(flow, code[i].target, order);
        for (size_t j = 0; j < hints->count; j++) {
            hints->hint[j].codes += order[hints->hint[j].rva] != 0;
        }
    }
    for (size_t i = 0; i < codes; i++) {
        size_t count = 0, words = 0;

        reach(flow, code[i].target, order);
        for (size_t j = 0; j < hints->count; j++) {
            if (code[i].target == 0 || order[hints->hint[j].rva] != 0) {
                ranked[count++] = (struct ranked){&hints->hint[j], order[hints->hint[j].rva]};
            }
        }
        qsort(ranked, count, sizeof(*ranked), by_order);
        for (size_t j = 0; j < count; j++) {
            put_hint(code[i].hints, sizeof(code[i].hints), &words, ranked[j].hint);
        }
        put_common(hints, &code[i], code[i].hints, sizeof(code[i].hints), &words);
    }
    free(order);
    free(ranked);
    free(hints);
    flow_close(flow);
}
