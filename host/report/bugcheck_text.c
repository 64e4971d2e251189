/*
 * bugcheck_text.c - what each bugcheck code means, and its parameters.
 *
 * Facts: Microsoft's bug check reference (nt-semantics 5); the words are ours. A code without a row has a
 * name at most.
 */
#include "host/report/report.h"

#define NONE     {P_NONE, "not used"}
#define V(t)     {P_VALUE, t}
#define CODE(t)  {P_CODE, t}
#define ADDR(t)  {P_ADDRESS, t}
#define IRQL(t)  {P_IRQL, t}
#define STAT(t)  {P_STATUS, t}
#define ACCESS   {P_ACCESS, "kind of access"}
#define THREAD(t) {P_THREAD, t}
#define IRP(t)   {P_IRP, t}

static const struct bugcheck_text texts[] = {
    {0x1, "A system call or a worker routine came back with APCs still disabled, or enabled once too often.",
     {CODE("the system call's or worker's routine"), V("ApcStateIndex: not 0 while attached to another process"),
      {P_APC, "SpecialApcDisable and KernelApcDisable"}, V("0: a system call, 1: a worker routine")}},
    {0x5, "A thread attached to a process while it was attached to another one already, or in a DPC.",
     {{P_PROCESS, "process it attached to"}, {P_PROCESS, "process it is in"}, V("ApcStateIndex"),
      V("not 0: a DPC was running")}},
    {0x6, "A thread detached from a process in a state in which it must not.", {NONE, NONE, NONE, NONE}},
    {0x8, "A routine that needs DISPATCH_LEVEL was called at another IRQL.", {NONE, NONE, NONE, NONE}},
    {0x9, "A routine was called below the IRQL that it needs.", {NONE, NONE, NONE, NONE}},
    {0xA, "Kernel code touched pageable or invalid memory at an IRQL at which no page fault can be served.",
     {ADDR("memory referenced"), IRQL("IRQL at that time"), ACCESS, CODE("code that referenced it")}},
    {0xC, "A wait names more objects than there are wait blocks for it.", {NONE, NONE, NONE, NONE}},
    {0xF, "A spin lock was requested by the processor that holds it, or the IRQL was lowered while one is held.",
     {ADDR("spin lock"), NONE, NONE, NONE}},
    {0x10, "A spin lock was released that nobody holds.", {ADDR("spin lock"), NONE, NONE, NONE}},
    {0x11, "A mutex was released by a thread that does not own it.", {THREAD("thread"), ADDR("mutex"), NONE, NONE}},
    {0x18, "An object's reference count is wrong: it was dereferenced more often than referenced.",
     {V("object type, 0 if unknown"), ADDR("object"), V("where it was noticed"), V("count, or 0")}},
    {0x19, "A pool block's header is damaged.", {V("kind of damage"), ADDR("pool block"), V("see kind"), V("see kind")}},
    {0x1A, "The memory manager found its structures damaged, or was misused.",
     {V("kind of error"), V("see kind"), V("see kind"), V("see kind")}},
    {0x1E, "Kernel code raised an exception that no handler took.",
     {STAT("exception"), CODE("address where it was raised"), V("first parameter of the exception"),
      V("second parameter of the exception")}},
    {0x20, "A thread ends while APCs are disabled: it entered a region and never left it.",
     {ADDR("APC that is pending, 0 if none"), V("APC disable count, negative: not re-enabled"), IRQL("IRQL, must be 0"), NONE}},
    {0x2A, "An IRP is in an inconsistent state.", {IRP("IRP"), NONE, NONE, NONE}},
    {0x30, "A context that is to be loaded has a stack pointer outside of the thread's stack.",
     {ADDR("new stack pointer"), ADDR("old stack pointer"), ADDR("trap frame"), NONE}},
    {0x35, "An IRP was passed to a driver although it has no stack location left for it.", {IRP("IRP"), NONE, NONE, NONE}},
    {0x36, "A driver deleted a device object whose reference count is not 0.", {ADDR("device object"), NONE, NONE, NONE}},
    {0x39, "A worker routine returned while its thread still owned a mutex.",
     {CODE("worker routine"), ADDR("its parameter"), ADDR("work item"), NONE}},
    {0x3B, "A system service raised an exception that no handler took.",
     {STAT("exception"), CODE("address where it was raised"), ADDR("context record"), NONE}},
    {0x44, "A driver completed an IRP that had been completed before: two drivers (or two paths of one) think they own it.",
     {IRP("IRP"), V("reserved"), V("reserved"), V("reserved")}},
    {0x48, "An IRP was completed while a cancel routine was still set in it.",
     {IRP("IRP"), CODE("cancel routine"), NONE, NONE}},
    {0x49, "A page fault happened while interrupts were off.", {ADDR("address"), NONE, NONE, NONE}},
    {0x4A, "A system service returned to user mode above PASSIVE_LEVEL.",
     {CODE("system service's routine"), IRQL("IRQL on return"), NONE, NONE}},
    {0x4E, "The memory manager's list of pages is damaged; usual cause: an MDL unlocked or freed in the wrong state.",
     {V("kind of error"), V("page"), V("see kind"), V("see kind")}},
    {0x50, "Kernel code touched a system address that is not valid: no page fault can make it so.",
     {ADDR("memory referenced"), {P_ACCESS50, "kind of access"}, CODE("code that referenced it"),
      V("0: freed, 2: nothing was ever there, 4: not canonical, 0xF: user address not allowed")}},
    {0x76, "A process ends with locked pages, or pages were unlocked that are not locked.",
     {V("0: locked pages at exit, 1: unlock of unlocked pages"), ADDR("process, or MDL"), V("count of locked pages"), NONE}},
    {0x7E, "A system thread raised an exception that no handler took.",
     {STAT("exception"), CODE("address where it was raised"), ADDR("exception record"), ADDR("context record")}},
    {0x7F, "The processor trapped in kernel mode in a way that cannot be handled.",
     {V("trap number"), V("error code or address"), V("reserved"), V("reserved")}},
    {0x8E, "Kernel code raised an exception that no handler took.",
     {STAT("exception"), CODE("address where it was raised"), ADDR("trap frame"), NONE}},
    {0x93, "A handle that kernel code closed is not valid.", {V("handle"), V("0: protected from close, 1: invalid"), NONE, NONE}},
    {0x96, "A work queue item is damaged or reused.", {ADDR("work item"), ADDR("queue"), ADDR("queues"), CODE("worker routine")}},
    {0x9F, "A power request was not completed in time.", {V("kind"), ADDR("device object"), V("see kind"), IRP("IRP, if any")}},
    {0xB8, "A DPC, or code with a raised IRQL, tried to wait: the thread cannot be switched there.",
     {THREAD("thread that would have left"), THREAD("thread that would have come"), ADDR("stack"), NONE}},
    {0xBE, "Kernel code wrote to memory that is read-only.",
     {ADDR("address written to"), V("page's protection"), V("reserved"), V("reserved")}},
    {0xBF, "A mutex that the thread already owns was acquired again.", {ADDR("mutex"), THREAD("thread"), NONE, NONE}},
    {0xC1, "Special pool found damage around a block.", {ADDR("block"), V("see kind"), V("see kind"), V("kind of damage")}},
    {0xC2, "A pool routine was called in a way that it must not be.",
     {V("kind of mistake"), V("see kind"), V("see kind"), V("see kind")}},
    {0xC4, "The verifier found a driver breaking a rule.", {V("rule"), V("see rule"), V("see rule"), V("see rule")}},
    {0xC5, "Pool is damaged: a block of less than a page was overwritten.",
     {ADDR("memory referenced"), IRQL("IRQL at that time"), ACCESS, CODE("code that referenced it")}},
    {0xC6, "A driver touched pool that it had freed.", {ADDR("address"), ACCESS, V("0: kernel mode, 1: user mode"), NONE}},
    {0xC7, "A timer or DPC lies where it must not, or changed what it must not.",
     {V("kind"), ADDR("object or routine"), V("see kind"), V("see kind")}},
    {0xC8, "The IRQL is not what it must be here.", {V("current << 16 | expected << 8 | kind"), V("see kind"), V("see kind"), V("see kind")}},
    {0xC9, "The verifier found a driver mistreating an IRP.", {V("rule"), V("see rule"), V("see rule"), V("see rule")}},
    {0xCB, "A driver ended an I/O without unlocking the pages it had locked.",
     {ADDR("caller that locked them"), V("caller's caller"), ADDR("MDL"), V("pages")}},
    {0xCC, "Freed special pool was touched.", {ADDR("address"), ACCESS, CODE("code that referenced it"), NONE}},
    {0xCD, "Memory behind a special-pool block was touched.", {ADDR("address"), ACCESS, CODE("code that referenced it"), NONE}},
    {0xCE, "Code of a driver was called after the driver had been unloaded: a timer, DPC, work item or thread was left behind.",
     {ADDR("address that was called"), ACCESS, CODE("code that called it"), NONE}},
    {0xD0, "Pool is damaged: a block of a page or more was overwritten.",
     {ADDR("memory referenced"), IRQL("IRQL at that time"), ACCESS, CODE("code that referenced it")}},
    {0xD1, "A driver touched pageable or invalid memory at an IRQL at which no page fault can be served.",
     {ADDR("memory referenced"), IRQL("IRQL at that time"), ACCESS, CODE("code that referenced it")}},
    {0xD3, "Code or data of a driver that is pageable was used at raised IRQL.",
     {ADDR("memory referenced"), IRQL("IRQL at that time"), ACCESS, CODE("code that referenced it")}},
    {0xD4, "A scan of lists found entries of a driver that has been unloaded.",
     {ADDR("memory referenced"), IRQL("IRQL at that time"), ACCESS, CODE("code that referenced it")}},
    {0xD5, "A driver touched special pool that had been freed.", {ADDR("address"), ACCESS, CODE("code that referenced it"), NONE}},
    {0xD6, "A driver touched memory behind its special-pool block.", {ADDR("address"), ACCESS, CODE("code that referenced it"), NONE}},
    {0xD7, "A driver unmapped a view that it had not mapped.", {ADDR("address"), V("1: unmap, 2: commit"), NONE, NONE}},
    {0xDF, "A worker routine returned while its thread impersonated somebody.",
     {CODE("worker routine"), ADDR("its parameter"), ADDR("work item"), NONE}},
    {0xE1, "A worker routine returned with the IRQL raised.",
     {CODE("worker routine"), IRQL("IRQL on return"), ADDR("its parameter"), ADDR("work item")}},
    {0xE2, "The crash was asked for.", {NONE, NONE, NONE, NONE}},
    {0xE3, "A thread released an ERESOURCE that it does not own.",
     {ADDR("resource"), THREAD("thread"), ADDR("owner table"), V("where it was noticed")}},
    {0xE4, "A work item was queued twice, or freed while it was queued.",
     {V("kind"), ADDR("queue or item"), V("see kind"), V("see kind")}},
    {0xE9, "A system worker thread was terminated.", {THREAD("thread"), NONE, NONE, NONE}},
    {0xF5, "The filter manager found a filter's mistake.", {V("kind"), V("see kind"), V("see kind"), V("see kind")}},
    {0xF7, "A buffer on the stack was overrun: the security cookie behind it has changed.",
     {V("cookie found"), V("cookie expected"), V("complement of the cookie expected"), NONE}},
    {0xFC, "Kernel code jumped to memory that it must not execute: no-execute memory or (SMEP) a user-mode address.",
     {CODE("address executed"), V("page's protection"), V("reserved"), V("reserved")}},
    {0x101, "A processor no longer takes clock interrupts.", {V("interval in ticks"), V("0"), ADDR("PRCB"), V("processor")}},
    {0x11B, "A cancel routine came back while holding the cancel spin lock.", {IRP("IRP"), CODE("cancel routine"), NONE, NONE}},
    {0x121, "A driver called a routine at an IRQL that it does not allow.",
     {V("1: needs one IRQL, 2: above the highest allowed"), IRQL("IRQL"), IRQL("IRQL required or allowed"), NONE}},
    {0x12E, "IoBuildPartialMdl was given a range that the source MDL does not have.",
     {ADDR("source MDL"), ADDR("target MDL"), ADDR("address"), V("length")}},
    {0x132, "ExSetResourceOwnerPointer was given something that cannot be an owner.",
     {ADDR("resource"), ADDR("owner table"), THREAD("current thread"), V("owner pointer")}},
    {0x133, "A DPC or an interrupt routine ran for too long.", {V("0: a single one, 1: all together"), V("time"), V("allotment"), NONE}},
    {0x139, "A security check of the compiler or the kernel failed: memory or a structure has been damaged.",
     {V("kind of check"), ADDR("trap frame"), ADDR("exception record"), NONE}},
    {0x13C, "A thread ends or returns with an I/O priority boost in a wrong state.", {THREAD("thread"), V("state"), NONE, NONE}},
    {0x152, "A push lock routine was given flags that do not exist.", {V("flags"), ADDR("push lock"), NONE, NONE}},
    {0x153, "A thread ends while it still holds a push lock.", {THREAD("thread"), ADDR("lock entry"), V("state"), NONE}},
    {0x157, "A thread's priority floor was raised or lowered out of balance.",
     {THREAD("thread"), V("priority"), V("1: overflow, 2: underflow, 3: illegal"), NONE}},
    {0x162, "A lock was released by a thread that does not own it.", {THREAD("thread"), ADDR("lock"), V("session"), NONE}},
    {0x16C, "A rundown-protection routine was given flags that do not exist.", {V("flags"), ADDR("rundown reference"), NONE, NONE}},
    {0x16E, "An ERESOURCE was released for a thread that cannot own it.",
     {ADDR("resource"), THREAD("current thread"), V("target thread"), NONE}},
    {0x189, "An object's header is damaged.", {ADDR("object header"), ADDR("object type"), V("0: type index, 1: security descriptor"), NONE}},
    {0x192, "A lock that must be acquired below DISPATCH_LEVEL was acquired there or above.",
     {THREAD("thread"), ADDR("lock"), IRQL("IRQL"), NONE}},
    {0x1C6, "A fast ERESOURCE was used in a way that it must not be.", {V("kind"), V("see kind"), V("see kind"), V("see kind")}},
    {0x4000008A, "A thread ends while it owns a mutex.", {THREAD("thread"), ADDR("mutex"), NONE, NONE}},
};

#define REST(a, b, c) {a, b, c}
#define SAME {P_VALUE, NULL}

static const struct value_text values[] = {
    {0x7F, 0, "division by zero", REST(SAME, SAME, SAME)},
    {0x7F, 4, "overflow", REST(SAME, SAME, SAME)},
    {0x7F, 5, "bounds check", REST(SAME, SAME, SAME)},
    {0x7F, 6, "invalid instruction", REST(SAME, SAME, SAME)},
    {0x7F, 8, "double fault: the kernel stack is used up, or rsp points outside of it",
     REST(ADDR("address that was touched"), ADDR("rsp at that time"), CODE("instruction"))},
    {0x7F, 0xD, "general protection fault", REST(V("error code"), SAME, CODE("instruction"))},
    {0x7F, 0x10, "floating-point error", REST(SAME, SAME, SAME)},
    {0x7F, 0x13, "SIMD floating-point error", REST(SAME, SAME, SAME)},
    {0x19, 0x2, "the pattern around a special-pool block is damaged", REST(SAME, V("size"), SAME)},
    {0x19, 0x3, "the free list is damaged", REST(SAME, SAME, SAME)},
    {0x19, 0x5, "two adjacent headers contradict each other", REST(SAME, SAME, SAME)},
    {0x19, 0x20, "the size in the block's header is damaged", REST(SAME, ADDR("next block"), SAME)},
    {0x19, 0x21, "what lies behind the block is damaged: it was overrun", REST(ADDR("block being freed"), V("bytes allocated"), V("damaged value"))},
    {0x19, 0x22, "the block is on no record", REST(ADDR("block being freed"), SAME, SAME)},
    {0xC2, 0x0, "an allocation of no bytes", REST(V("pool type"), V("0"), V("pool tag"))},
    {0xC2, 0x1, "the block's header is damaged", REST(ADDR("header"), SAME, SAME)},
    {0xC2, 0x2, "the block's header is damaged", REST(ADDR("header"), SAME, SAME)},
    {0xC2, 0x4, "the block's header is damaged", REST(ADDR("header"), SAME, SAME)},
    {0xC2, 0x6, "the block has been freed before", REST(V("reserved"), ADDR("block or header"), V("its contents"))},
    {0xC2, 0x7, "the block has been freed before", REST(V("pool tag or reserved"), V("its contents"), ADDR("block"))},
    {0xC2, 0x8, "an allocation at an IRQL that its pool does not allow", REST(IRQL("IRQL"), V("pool type"), V("size"))},
    {0xC2, 0x9, "a free at an IRQL that its pool does not allow", REST(IRQL("IRQL"), V("pool type"), ADDR("block"))},
    {0xC2, 0xA, "a free with another tag than the block was allocated with", REST(ADDR("block"), V("tag of the allocation"), V("tag of the free"))},
    {0xC2, 0xB, "quota is charged to a process that is not there", REST(ADDR("block"), V("quota pointer"), SAME)},
    {0xC2, 0x40, "a user-mode address was freed", REST(ADDR("address"), V("start of the system range"), SAME)},
    {0xC2, 0x41, "an address was freed that is no nonpaged pool allocation", REST(ADDR("address"), SAME, SAME)},
    {0xC2, 0x46, "an address was freed that no pool block has", REST(ADDR("address"), SAME, SAME)},
    {0xC2, 0x47, "an address was freed that no pool block has", REST(ADDR("address"), SAME, SAME)},
    {0xC2, 0x50, "an address was freed that is no paged pool allocation", REST(ADDR("address"), SAME, SAME)},
    {0xC2, 0x60, "MmFreeContiguousMemory was given an address that it does not know", REST(ADDR("address"), SAME, SAME)},
    {0xC2, 0x99, "an invalid address was freed", REST(ADDR("address"), SAME, SAME)},
    {0xC2, 0x9A, "must-succeed pool is no longer allowed", REST(V("pool type"), V("size"), V("tag"))},
    {0xC2, 0x9B, "the tag is 0", REST(V("pool type"), V("size"), CODE("caller"))},
    {0xC2, 0x9C, "the tag is 'BIG'", REST(V("pool type"), V("size"), CODE("caller"))},
    {0xC2, 0x9D, "the tag has neither letters nor digits", REST(V("tag"), V("pool type"), CODE("caller"))},
    {0xC2, 0x41286, "the address lies inside of an allocation", REST(ADDR("address"), SAME, SAME)},
    {0xC7, 0, "a timer lies in memory that is going away", REST(ADDR("timer"), ADDR("start"), ADDR("end"))},
    {0xC7, 1, "a DPC lies in memory that is going away", REST(ADDR("DPC"), ADDR("start"), ADDR("end"))},
    {0xC7, 2, "a DPC's routine lies in memory that is going away", REST(CODE("routine"), ADDR("start"), ADDR("end"))},
    {0xC7, 3, "a DPC's target processor does not exist", REST(ADDR("DPC"), V("processor"), V("processors"))},
    {0xC7, 4, "a DPC routine changed the thread's APC disable count", REST(CODE("routine"), V("count before"), V("count after"))},
    {0xC7, 5, "a timer DPC's routine changed the thread's APC disable count", REST(CODE("routine"), V("count before"), V("count after"))},
    {0x4E, 0x7, "a page was unlocked more often than it had been locked", REST(V("page"), V("share count"), SAME)},
    {0x4E, 0x9A, "a page was freed while it was locked for I/O", REST(V("page"), V("state"), V("reference count"))},
    {0x139, 0, "a stack cookie (/GS) was damaged", REST(SAME, SAME, SAME)},
    {0x139, 1, "a virtual table was damaged", REST(SAME, SAME, SAME)},
    {0x139, 2, "a stack cookie was damaged: a buffer on the stack was overrun", REST(SAME, SAME, SAME)},
    {0x139, 3, "a LIST_ENTRY is damaged: its neighbours do not point to it (removed twice, or overwritten)", REST(SAME, SAME, SAME)},
    {0x139, 4, "the stack pointer is wrong", REST(SAME, SAME, SAME)},
    {0x139, 5, "an invalid parameter was passed", REST(SAME, SAME, SAME)},
    {0x139, 6, "the security cookie was not initialised by the loader", REST(SAME, SAME, SAME)},
    {0x139, 7, "the code asked for a fatal exit", REST(SAME, SAME, SAME)},
    {0x139, 8, "an array was indexed out of its bounds", REST(SAME, SAME, SAME)},
    {0x139, 9, "RtlQueryRegistryValues was called with RTL_QUERY_REGISTRY_DIRECT without a type check", REST(SAME, SAME, SAME)},
    {0x139, 10, "an indirect call to an address that is no valid target (control flow guard)", REST(SAME, SAME, SAME)},
    {0x139, 11, "a guarded write failed", REST(SAME, SAME, SAME)},
    {0x139, 13, "a register context is not valid", REST(SAME, SAME, SAME)},
    {0x139, 14, "a reference count is wrong", REST(SAME, SAME, SAME)},
    {0x139, 18, "a jump buffer is damaged", REST(SAME, SAME, SAME)},
    {0x139, 19, "read-only data was changed", REST(SAME, SAME, SAME)},
    {0x139, 21, "the chain of exception handlers is damaged", REST(SAME, SAME, SAME)},
    {0x139, 24, "an image's base is not valid", REST(SAME, SAME, SAME)},
    {0x139, 29, "a red-black tree is damaged", REST(SAME, SAME, SAME)},
    {0x139, 37, "a switch table's index is out of its bounds", REST(SAME, SAME, SAME)},
    {0xE4, 0, "an active work item was freed", REST(ADDR("work item"), ADDR("start of the pool block"), ADDR("its end"))},
    {0xE4, 1, "a work item was queued a second time", REST(ADDR("work item"), SAME, SAME)},
    {0xE4, 2, "a queued I/O work item was freed", REST(ADDR("work item"), SAME, SAME)},
    {0xE4, 3, "a work item's object is not valid", REST(ADDR("work item"), SAME, SAME)},
};

const struct bugcheck_text *
bugcheck_text(uint32_t code)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].code == code) {
            return &texts[i];
        }
    }
    return NULL;
}

const struct value_text *
bugcheck_value(uint32_t code, uint64_t first)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (values[i].code == code && values[i].value == first) {
            return &values[i];
        }
    }
    for (size_t i = 0; verifier_values[i].code != 0; i++) {
        if (verifier_values[i].code == code && verifier_values[i].value == first) {
            return &verifier_values[i];
        }
    }
    return NULL;
}
