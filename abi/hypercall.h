/*
 * hypercall.h - the whole border between the guest kernel and the host.
 *
 * A read-only table of function pointers lies at ABI_HYPERCALL_TABLE. Every entry takes at most four
 * arguments by the Microsoft x64 convention, runs on the host's own stack, and returns one value with
 * every other volatile register cleared. Guest kernel mode only; IRQL does not matter and no call
 * blocks in virtual time. A failure of the host itself ends the run: it is never a return value.
 */
#ifndef ABI_HYPERCALL_H
#define ABI_HYPERCALL_H

#include <stdint.h>
#include "layout.h"
#include "machine.h"

#define ABI_HYPERCALL_TABLE (ABI_HYPERCALL_STUBS + 0x2000)

enum abi_channel {
    ABI_OUT_DEBUG = 0,  /* DbgPrint and the kernel's own messages */
    ABI_OUT_STDOUT = 1, /* a client's standard output */
    ABI_OUT_STDERR = 2,
};

/* Page protection as hc_commit and hc_protect take it. */
enum abi_protection {
    ABI_NONE = 0,
    ABI_PROT_READ = 1,
    ABI_PROT_WRITE = 2,
    ABI_PROT_EXECUTE = 4,
    ABI_COMMITTED = 0x80, /* hc_page only */
};

/* What hc_image_load found; addresses are the guest's. Strings are UTF-8, zero-terminated. */
struct abi_image {
    uint64_t base;
    uint64_t size;
    uint64_t entry;     /* address of the entry point, 0 if none */
    uint64_t preferred; /* ImageBase of the file */
    uint64_t stack_reserve;
    uint64_t stack_commit;
    uint64_t heap_reserve;
    uint32_t characteristics;
    uint16_t subsystem;
    uint16_t dll_characteristics;
    uint32_t checksum;
    uint32_t timestamp;
    uint32_t error_offset;      /* of a malformed file: where */
    uint32_t os_version;        /* major << 16 | minor of MajorOperatingSystemVersion */
    uint32_t subsystem_version; /* and of MajorSubsystemVersion */
    char name[64];              /* file name, as given */
    char message[256];          /* why it failed, where the result is not 0 */
};

/* hc_image_load: flags */
enum abi_image_flags {
    ABI_IMAGE_SYSTEM = 1, /* into the system half, imports bound against loaded system images */
    ABI_IMAGE_USER = 2,   /* into the current process's slice; imports are left to ntdll */
};

/* hc_image_load: results; each is what Windows would say */
enum abi_image_result {
    ABI_IMAGE_OK = 0,
    ABI_IMAGE_NOT_FOUND = 1,
    ABI_IMAGE_MALFORMED = 2,
    ABI_IMAGE_WRONG_MACHINE = 3,
    ABI_IMAGE_IMPORT_MISSING = 4, /* not exported by any loaded image, and nobody knows the name */
    ABI_IMAGE_CONFLICT = 5,       /* cannot be relocated and its range is taken */
    ABI_IMAGE_NEEDS = 6,          /* imports from the image named in `message`: load that first */
};

/* What the host tells the kernel at boot. Zero-terminated UTF-8 strings; addresses are the guest's. */
#define ABI_MAX_DRIVERS 64
#define ABI_MAX_CLIENTS 64

enum abi_token { ABI_TOKEN_ADMIN = 0, ABI_TOKEN_USER = 1, ABI_TOKEN_SYSTEM = 2 };

struct abi_boot {
    uint32_t version; /* ABI_VERSION */
    uint32_t cpus;
    uint32_t os;    /* row of the kernel's version table */
    uint32_t build; /* a build asked for by number, else 0 */
    uint64_t seed;
    uint64_t boot_time_100ns; /* since 1601: the same in every run unless --clock host */
    uint64_t virtual_limit_100ns;
    uint32_t host_clock; /* 1: time is real */
    uint32_t kd;         /* 1: a debugger is said to be attached */
    uint32_t explore;    /* 1: drivers and clients run with struct abi_machine.explore set */
    uint32_t inject;     /* enum abi_inject: what may be added to a run */
    uint32_t
        victim; /* of several threads that a suspension holds up: report this one (its agent) */
    uint32_t
        piped; /* bit n: standard stream n is no terminal or other character device of the host */
    uint32_t drivers;
    uint32_t clients;
    struct {
        char name[64];  /* service name: the file's name without .sys */
        char path[256]; /* NT path: \SystemRoot\System32\drivers\name.sys */
    } driver[ABI_MAX_DRIVERS];
    struct {
        char image[256];    /* NT path of the executable: \??\C:\ntlab\client.exe */
        char command[2048]; /* command line as the client will read it */
        uint32_t token;     /* enum abi_token */
        uint32_t reserved;
    } client[ABI_MAX_CLIENTS];
};

/* Events that the environment may add while schedules are explored. */
enum abi_inject {
    ABI_INJECT_SUSPEND = 1,
    ABI_INJECT_TERMINATE = 2,
    ABI_INJECT_CANCEL = 4,
    ABI_INJECT_NOMEM = 8,
    ABI_INJECT_TIMEOUT = 16,
    ABI_INJECT_UNLOAD = 32,
    ABI_INJECT_WRITEBACK = 64,
    ABI_INJECT_ALL = 127,
};

/* Why the run ends. */
enum abi_verdict {
    ABI_CLEAN = 0,
    ABI_BUGCHECK = 1,
    ABI_UNSUPPORTED = 2, /* message names what, and its caller */
    ABI_HANG = 3,        /* a thread that can never be woken */
    ABI_DEADLOCK =
        4, /* parameter 0: the threads of a circle that the host has seen while others go on, 0: the kernel saw it */
    ABI_LIVELOCK = 5,    /* virtual time or the schedule-point limit ran out */
    ABI_LEAK = 6,        /* something of a driver was alive at unload */
    ABI_LOAD_FAILED = 7, /* a driver or client could not be loaded; message says why */
    ABI_INTERNAL = 8,    /* an ASSERT of our own */
    ABI_SUSPEND_DOS = 9, /* a thread could not go on while one of another process was suspended.
                            parameter: 0 the KTHREAD that was suspended, 1 the one that was held up,
                            2 struct abi_held_up of all that were, 3 their number */
    ABI_RACE = 10, /* the host's, exploring: two accesses to the same bytes, one of them a write,
                            with nothing that orders them. parameter: 0 the first byte that both touch,
                            1 and 2 the instructions */
    ABI_RULE = 11, /* a rule of the verifier is broken (nt/vf). code: a hash of its name; the
                            rest is in a line `rule` of the report */
};

struct abi_stop {
    uint32_t verdict; /* enum abi_verdict */
    uint32_t code;    /* bugcheck code; client exit code when clean */
    uint64_t parameter[4];
    uint64_t trap;    /* struct abi_trap of the fault that led here, 0 if none */
    uint64_t context; /* CONTEXT to show the stack of, 0: the caller's */
    char message[512];
};

/* A thread that went on as soon as another one was resumed, and what let it. */
#define ABI_HELD_UP 8
struct abi_held_up {
    uint32_t name;   /* its agent */
    uint32_t system; /* 1: a thread of the system */
    uint64_t thread; /* KTHREAD */
    uint64_t object; /* that it waited for */
    char message[232];
};

#define ABI_AGENT_OBJECTS                                                                          \
    4 /* of a wait for more objects the first ones are told, and where all are */

/* One object of an operation. */
struct abi_object {
    uint64_t object;
    uint64_t flags; /* ABI_AGENT_READS: it is not changed; ABI_OBJECT_... */
};
#define ABI_OBJECT_LIFE   0x100 /* its life, not its state */
#define ABI_OBJECT_CLAIMS 0x200 /* who wants it exclusively: is kept out by them (nt/ke/claim.c) */
#define ABI_OBJECT_END    0x400 /* the run's end (nt/ke/visit.c, I5) */

/* One question: which of the agents that could step goes on? */
struct abi_agent {
    uint32_t name; /* order-independent name */
    uint16_t kind; /* enum abi_agent_kind */
    uint16_t cpu;
    uint16_t op;      /* enum abi_event: its next operation */
    uint16_t flags;   /* enum abi_agent_flags */
    uint16_t objects; /* how many there are, if more than one; else 0 */
    uint8_t takes;    /* enum abi_apc: which APCs would be delivered in its place */
    uint8_t queues;   /* enum abi_apc: which one it queues to the thread that is its object */
    uint32_t
        target; /* an event that the environment adds: the agent whose next step it changes; that agent
                         says its own name here; else 0 */
    uint32_t
        stamp; /* not 0: all of this but ABI_AGENT_ASKER is what the agent was told with under this stamp */
    uint64_t object; /* the first one */
    struct abi_object other[ABI_AGENT_OBJECTS - 1];
    uint64_t thread;    /* whose operation it is, 0: no thread's */
    uint64_t list;      /* more than ABI_AGENT_OBJECTS: struct abi_object of all but the first */
    uint32_t size;      /* of SP_MEMORY_... and SP_ATOMIC: how many bytes from `object` on */
    uint32_t point;     /* enum abi_point, if it stands at a patched instruction, else 0 */
    uint64_t registers; /* there: its struct abi_trap */
    uint64_t site;      /* of an access to memory by a driver or client: the code; 0: not known */
};

/* A system service under way. */
struct abi_service {
    uint32_t number;
    uint32_t count;           /* of arguments */
    uint32_t process, thread; /* ids */
    uint64_t time_100ns;
    uint64_t name; /* of the agent */
    uint64_t argument[18];
};

/* Kinds of APCs, by what holds them off. */
enum abi_apc {
    ABI_APC_NORMAL = 1,  /* kernel: a critical or guarded region, APC_LEVEL */
    ABI_APC_SPECIAL = 2, /* kernel: a guarded region, APC_LEVEL */
    ABI_APC_USER = 4,    /* all but an alertable wait */
};

/* What a patched instruction does to memory; the low byte is the size of its operand. */
enum abi_point {
    ABI_POINT_SIZE = 0xFF,
    ABI_POINT_READS = 0x100,
    ABI_POINT_WRITES = 0x200,
    ABI_POINT_ATOMIC = 0x400,
    ABI_POINT_COMPARES = 0x800, /* cmpxchg: changes nothing if rax (rdx:rax) is not what is there */
    ABI_POINT_BIT = 0x1000,     /* bts and the like with the bit's number in a register */
    ABI_POINT_REPEATED = 0x2000, /* rcx times */
    ABI_POINT_GS = 0x4000,       /* relative to gs */
    ABI_POINT_PAIR = 0x8000,     /* cmpxchg8b: compares edx:eax */
    ABI_POINT_PAUSE = 0x10000,   /* touches nothing: others may go on */
    ABI_POINT_LOOP = 0x20000,    /* with PAUSE: a branch that was promoted */
    ABI_POINT_EXCHANGE =
        0x80000, /* of a pointer, as IoSetCancelRoutine does it; 0x40000 is that of abi/lockstep.h */
    ABI_POINT_STRING = 0x100000, /* a piece of a string instruction: struct abi_point_string */
};

/*
 * What the trampoline of a string instruction has on the stack (host/image/point.c): it is done in pieces, and the kernel says how long
 * each one is. What a movs has read waits in the buffer, from the middle upwards or downwards as the direction flag says.
 */
#define ABI_POINT_PIECE 64
struct abi_point_string {
    uint64_t frame[4];      /* of any point; the last one is `what` */
    uint64_t count;         /* out: elements of this piece */
    uint64_t left;          /* out: elements behind it */
    uint64_t rcx, rsi, rdi; /* in front of this piece */
    uint64_t source;        /* rsi behind it */
    uint8_t buffer[2 * ABI_POINT_PIECE];
};

/* How code touches memory (`touch`). */
enum abi_touch {
    ABI_TOUCH_READ,
    ABI_TOUCH_WRITE,
    ABI_TOUCH_ATOMIC,
    ABI_TOUCH_FREE, /* the block is gone */
};

enum abi_agent_flags {
    ABI_AGENT_ASKER = 1,
    ABI_AGENT_SPINNING = 2,
    ABI_AGENT_BLOCKED = 4, /* exploring: its next operation would have to wait */
    ABI_AGENT_READS = 8,   /* exploring: its next operation changes nothing */
    ABI_AGENT_OPEN = 16,   /* exploring: a release: the object would let a waiter through before it;
                              a wait: it ends by itself (time-out) */
    ABI_AGENT_WAITS = 32,  /* exploring: its next operation is one that can have to wait */
    ABI_AGENT_SEVERAL = 64, /* exploring: a wait for several objects */
    ABI_AGENT_PLAIN =
        128, /* exploring: an access that is neither atomic nor volatile, as far as is known */
    ABI_AGENT_ADDS = 256, /* exploring: it adds one to those that others give back */
    ABI_AGENT_SHUT_OUT =
        512, /* exploring: an attempt that comes to nothing because others share the lock */
    ABI_AGENT_CLAIMS = 1024, /* exploring: it has claimed the lock that it has to wait for */
    ABI_AGENT_RETURNS =
        2048, /* exploring: a DPC ran on its processor since it came here: it is there again */
};

enum abi_agent_kind {
    ABI_AGENT_THREAD = 0,
    ABI_AGENT_DPC = 1,
    ABI_AGENT_TIMER = 2,
    ABI_AGENT_APC = 3,
    ABI_AGENT_TIMEOUT = 4,
    ABI_AGENT_INJECTED = 5,
};

/* An event that befalls a thread is an agent with the thread's name with these bits changed. */
#define ABI_AGENT_SUSPENSION   0x53555350u
#define ABI_AGENT_CANCELLATION 0x43414E43u
#define ABI_AGENT_TERMINATION  0x5445524Du
#define ABI_AGENT_FAILURE      0x4E4F4D45u /* of an allocation */
#define ABI_AGENT_UNLOADING    0x554E4C44u /* a name of its own: it has no target */

/* A module's row for reports and unwinding. */
struct abi_frame {
    uint64_t rip;
    uint64_t rsp;
};

struct abi_stat {
    uint64_t size;
    uint32_t directory;
    uint32_t reserved;
};

#ifdef ABI_HOST
#define HC_ABI __attribute__((ms_abi))
#else
#define HC_ABI
#endif

/*
 * The table. Buffers are guest kernel addresses. `hc_` is how the host spells them; the kernel
 * calls them as Hc...(…) through the inline functions of nt/inc/hc.h.
 */
struct abi_hypercalls {
    uint64_t version;

    /* Machine. */
    void(HC_ABI *boot_info)(struct abi_boot *out);
    void(HC_ABI *stop)(const struct abi_stop *why); /* does not return */
    void(HC_ABI *print)(uint32_t channel, const char *text, uint64_t length);
    uint64_t(HC_ABI *read_input)(char *buffer, uint64_t length); /* client's stdin; 0 at its end */
    uint64_t(HC_ABI *host_time)(void); /* 100 ns since 1601; --clock host only, else virtual */

    /* Memory: addresses and sizes are multiples of the page size. New pages read as zero. */
    void(HC_ABI *commit)(uint64_t address, uint64_t size, uint32_t protection);
    void(HC_ABI *protect)(uint64_t address, uint64_t size, uint32_t protection);
    void(HC_ABI *decommit)(uint64_t address, uint64_t size);
    /* Opens the slice of the process that becomes current and closes the other; 0: none. */
    void(HC_ABI *set_address_space)(uint64_t slice);

    /* Images. `name` is a UTF-8 file name or path; result: enum abi_image_result. */
    uint32_t(HC_ABI *image_load)(const char *name, uint32_t flags, uint64_t slice,
                                 struct abi_image *out);
    void(HC_ABI *image_unload)(uint64_t base);
    /* A return address inside a trampoline becomes that of the instruction it stands for. */
    uint64_t(HC_ABI *original_rip)(uint64_t rip);
    /* "foo.sys!FooRead+0x1c" (symbols of exports only, in this process). */
    uint64_t(HC_ABI *describe)(uint64_t address, char *buffer, uint64_t length);
    /* Address of an export of a loaded image ("ntoskrnl.exe", "KeSetEvent"); 0 if none. */
    uint64_t(HC_ABI *find_export)(const char *image, const char *name);

    /* Read-only files: images on the command line, those beside the clients, --dir. */
    uint32_t(HC_ABI *file_stat)(const char *path, struct abi_stat *out); /* 0 found, 1 not */
    int64_t(HC_ABI *file_read)(const char *path, uint64_t offset, void *buffer, uint64_t length);

    /* Choices: the only door. `asker` is a name; it need not be in the list. Returns an index. */
    uint32_t(HC_ABI *choose)(const struct abi_agent *agents, uint32_t count, uint32_t asker);

    /*
     * Configuration that is text. Returns the length; copies what fits.
     *     reg, reg:1, reg:2 ...  the files of --reg, as they are
     *     inf:NAME               the INF of the driver with that service name
     */
    uint64_t(HC_ABI *config)(const char *key, char *buffer, uint64_t length);

    /* For reports: a stack of guest frames that the kernel has walked. */
    void(HC_ABI *report_text)(const char *text, uint64_t length);

    /* As original_rip; *lower is what rsp must be raised by to be that of the instruction. */
    uint64_t(HC_ABI *origin)(uint64_t rip, uint32_t *lower);

    /* What was committed at the page of an address: enum abi_protection and ABI_COMMITTED; 0: nothing. */
    uint32_t(HC_ABI *page)(uint64_t address);
    /* As commit, but the pages at `address` (of user mode) show the memory at `backing`, which is committed
       somewhere else and may be shown at several places. decommit ends it and leaves `backing` alone.
       The alias of such an address shows nothing: use that of `backing`. */
    void(HC_ABI *map_view)(uint64_t address, uint64_t size, uint64_t backing, uint32_t protection);

    /*
     * An access to memory by code of a driver or a client, while exploring at memory granularity: is it
     * a schedule point? Only if another agent touches the same bytes, and one of them writes. `how`: enum abi_touch.
     */
    uint32_t(HC_ABI *touch)(uint64_t address, uint64_t size, uint32_t how, uint32_t agent);

    /* Name of the entry number `index` of a folder, in a fixed order; returns its length, 0 past the end. */
    uint64_t(HC_ABI *file_entry)(const char *folder, uint64_t index, char *buffer, uint64_t length);

    /* ABI_FEATURE_SERVICES: a system service of user mode is about to be called, or (done) has returned `result`. */
    void(HC_ABI *service)(const struct abi_service *service, uint64_t done, uint64_t result);

    /* Exploring: 1 if the asker's operation touches nothing that another agent could have to do with: no order of it and
       others' steps matters, and it goes on without a question. `whole`: all that `asker` was made of, so that the answer can be
       remembered (machine.h); NULL: it was made of more than that. */
    uint32_t(HC_ABI *passes)(const struct abi_agent *asker, const struct abi_pass *whole);

    /* For reports of a moment that passes: what is in user memory now, of any process; up to the first page with nothing. */
    void(HC_ABI *report_memory)(uint64_t address, uint64_t length);
};

#endif
