/*
 * stack.c - k, r: where a thread is and how it got there.
 *
 * A thread that runs on the carrier's processor is where the run stopped; one that runs on another
 * processor, and one that does not run, has left a frame of KiSwapStack (nt/ke/entry.S), whose unwind
 * data lead on from there like anybody's.
 */
#include <stdlib.h>
#include <string.h>
#include "host/debug/debug.h"
#include "host/image/image.h"

enum { RUNNING = 2 }; /* KTHREAD_STATE; Initialized and Terminated have no stack to show */

/* rip inside KiSwapStack, behind its prologue. */
static uint64_t
swap_rip(struct debug *debug)
{
    struct module *module = debug_module(debug, "nt");
    struct pe_function function;
    uint64_t address;
    uint8_t head[4];

    if (!debug_global(debug, "KiSwapStack", &address) ||
        !pe_function_find(module->pe, (uint32_t)(address - module->base), &function) ||
        !pe_read(module->pe, function.unwind, head, sizeof(head))) {
        return 0;
    }
    return address + head[1]; /* SizeOfProlog */
}

bool
debug_thread_state(struct debug *debug, uint64_t thread, struct thread_state *out)
{
    const struct abi_trap *r = &debug->result->registers;
    uint64_t stack;

    *out = (struct thread_state){.address = thread};
    out->process = debug_get(debug, "_KTHREAD", thread, "Process");
    out->state = (unsigned)debug_get(debug, "_KTHREAD", thread, "State");
    out->cpu = debug_get(debug, "_KTHREAD", thread, "NextProcessor");
    if (out->state == RUNNING && out->cpu == debug->result->cpu &&
        debug_current_thread(debug, out->cpu) == thread) {
        const uint64_t gpr[16] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
                                  r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};

        memcpy(out->gpr, gpr, sizeof(gpr));
        out->rip = r->original_rip ? r->original_rip : r->rip;
        out->known = out->rip != 0;
        return out->known;
    }
    if (out->state == RUNNING) {
        stack = debug_get(debug, "_KIPCR", debug_processor(debug, out->cpu), "Prcb.SavedRsp");
    } else {
        stack = debug_get(debug, "_KTHREAD", thread, "KernelStack");
    }
    out->rip = swap_rip(debug);
    out->gpr[4] = stack;
    out->known =
        out->rip != 0 && ABI_IS_SYSTEM(stack) &&
        strcmp(debug_enumerator(debug, "_KTHREAD_STATE", out->state) ?: "", "Terminated") != 0;
    return out->known;
}

static void
print_source(FILE *out, const struct source *source)
{
    if (source->file != NULL && source->line != 0) {
        fprintf(out, " [%s @ %u]", source->file, source->line);
    }
}

/* "foo!FooRead+0x12": the place's symbol behind the module's name as commands take it. */
static void
print_place(struct debug *debug, const struct place *place)
{
    const struct module *module = debug_module_at(debug, place->address);
    char name[300];

    if (module == NULL || place->sources == 0 || place->source[place->sources - 1].symbol == NULL) {
        debug_name(debug, place->address, name, sizeof(name));
        fprintf(debug->out, " %s", name);
        return;
    }
    fprintf(debug->out, " %s!%s", module->stem, place->source[place->sources - 1].symbol);
    if (place->offset != 0) {
        fprintf(debug->out, "+0x%x", place->offset);
    }
    print_source(debug->out, &place->source[place->sources - 1]);
}

void
debug_print_stack(struct debug *debug, uint64_t thread, unsigned indent, bool numbers)
{
    struct report report = {
        .request = debug->request, .result = debug->result, .options = debug->options};
    struct thread walked = {0};
    struct thread_state state;

    if (!debug_thread_state(debug, thread, &state)) {
        fprintf(debug->out, "%*s(no stack: the thread has not run yet, or has ended)\n",
                (int)indent, "");
        return;
    }
    unwind_from(&report, &walked, state.rip, state.gpr);
    places_resolve(&report);
    fprintf(debug->out, "%*s%s%-17s %-17s Call Site\n", (int)indent, "", numbers ? " # " : "",
            "Child-SP", "RetAddr");
    for (size_t i = 0; i < walked.frames; i++) {
        const struct frame *frame = &walked.frame[i];
        const struct place *place = frame->place;

        for (size_t j = 0; j + 1 < place->sources; j++) {
            fprintf(debug->out, "%*s", (int)indent, "");
            if (numbers) {
                fprintf(debug->out, "%02zx ", i);
            }
            fprintf(debug->out, "%-17s %-17s %s!%s", "(Inline Function)", "--------`--------",
                    debug_module_at(debug, place->address)->stem, place->source[j].symbol ?: "?");
            print_source(debug->out, &place->source[j]);
            fputc('\n', debug->out);
        }
        fprintf(debug->out, "%*s", (int)indent, "");
        if (numbers) {
            fprintf(debug->out, "%02zx ", i);
        }
        debug_print64(debug->out, frame->rsp);
        fputc(' ', debug->out);
        debug_print64(debug->out, i + 1 < walked.frames ? walked.frame[i + 1].rip : 0);
        print_place(debug, place);
        fputc('\n', debug->out);
    }
    free(walked.frame);
    places_forget(&report);
}

void
command_k(struct debug *debug, const struct arguments *arguments)
{
    uint64_t thread = debug->thread;

    if (arguments->count > 1) {
        fprintf(debug->out, "k [THREAD]\n");
        return;
    }
    if (arguments->count == 1 && !debug_evaluate(debug, arguments->word[0], &thread)) {
        return;
    }
    if (thread == 0) {
        fprintf(debug->out, "no thread runs\n");
        return;
    }
    debug_print_stack(debug, thread, 0, true);
}

void
command_r(struct debug *debug, const struct arguments *arguments)
{
    const struct abi_trap *r = &debug->result->registers;
    uint64_t value;

    if (arguments->count != 0) {
        const char *name = arguments->word[0] + (arguments->word[0][0] == '@');

        if (debug_register(debug, name, &value)) {
            fprintf(debug->out, "%s=%016lx\n", name, value);
        } else {
            fprintf(debug->out, "no register `%s`\n", arguments->word[0]);
        }
        return;
    }
    fprintf(debug->out, "rax=%016lx rbx=%016lx rcx=%016lx\n", r->rax, r->rbx, r->rcx);
    fprintf(debug->out, "rdx=%016lx rsi=%016lx rdi=%016lx\n", r->rdx, r->rsi, r->rdi);
    fprintf(debug->out, "rip=%016lx rsp=%016lx rbp=%016lx\n", r->rip, r->rsp, r->rbp);
    fprintf(debug->out, " r8=%016lx  r9=%016lx r10=%016lx\n", r->r8, r->r9, r->r10);
    fprintf(debug->out, "r11=%016lx r12=%016lx r13=%016lx\n", r->r11, r->r12, r->r13);
    fprintf(debug->out, "r14=%016lx r15=%016lx\n", r->r14, r->r15);
    fprintf(debug->out, "irql=%u (%s) mode=%s cpu=%u efl=%08lx\n", debug->result->irql,
            word_irql(debug->result->irql),
            debug->result->mode == ABI_USER_MODE ? "user" : "kernel", debug->result->cpu,
            r->rflags);
    debug_unassemble(debug, r->original_rip ? r->original_rip : r->rip, 1, 0);
}
