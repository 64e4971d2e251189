/*
 * objects.c - !irp, !devobj, !drvobj, !handle, !object.
 */
#include <string.h>
#include <strings.h>
#include "host/debug/debug.h"

#define MAX_DEPTH   16
#define MAX_DEVICES 64

/* Header of an object by its body: OBP_OBJECT lies in front of it. */
static uint64_t
header_of(struct debug *debug, uint64_t object)
{
    return object - debug_sizeof(debug, "_OBP_OBJECT");
}

static void
type_of(struct debug *debug, uint64_t object, char *out, size_t size)
{
    uint64_t type = debug_get(debug, "_OBP_OBJECT", header_of(debug, object), "Type");

    out[0] = 0;
    if (type != 0) {
        debug_string(debug, debug_address_of(debug, "_OBJECT_TYPE", type, "Name"), out, size);
    }
}

/* \Device\Foo; "" without a name. */
static void
path_of(struct debug *debug, uint64_t object, char *out, size_t size, int depth)
{
    uint64_t header = header_of(debug, object);
    uint64_t directory = debug_get(debug, "_OBP_OBJECT", header, "Directory");
    char name[200], outer[300] = "";

    debug_string(debug, debug_address_of(debug, "_OBP_OBJECT", header, "Name"), name, sizeof(name));
    if (directory != 0 && depth < MAX_DEPTH) {
        path_of(debug, directory, outer, sizeof(outer), depth + 1);
    }
    if (name[0] == 0) {
        out[0] = 0;
    } else {
        snprintf(out, size, "%s%s%s", strcmp(outer, "\\") == 0 ? "" : outer, directory ? "\\" : "",
                 name);
    }
}

static bool
is_type(struct debug *debug, uint64_t object, const char *wanted)
{
    char name[64];

    type_of(debug, object, name, sizeof(name));
    return strcmp(name, wanted) == 0;
}

static void
driver_name(struct debug *debug, uint64_t driver, char *out, size_t size)
{
    debug_string(debug, debug_address_of(debug, "_DRIVER_OBJECT", driver, "DriverName"), out, size);
}

static bool
evaluate(struct debug *debug, const struct arguments *arguments, const char *usage, uint64_t *out)
{
    if (arguments->count < 1) {
        fprintf(debug->out, "%s\n", usage);
        return false;
    }
    return debug_evaluate(debug, arguments->word[0], out);
}

/* ---- !irp ---- */

static void
print_location(struct debug *debug, uint64_t irp, uint64_t index, uint64_t current)
{
    uint64_t at =
        irp + debug_sizeof(debug, "_IRP") + (index - 1) * debug_sizeof(debug, "_IO_STACK_LOCATION");
    uint64_t major = debug_get(debug, "_IO_STACK_LOCATION", at, "MajorFunction");
    uint64_t control = debug_get(debug, "_IO_STACK_LOCATION", at, "Control");
    uint64_t device = debug_get(debug, "_IO_STACK_LOCATION", at, "DeviceObject");
    uint64_t completion = debug_get(debug, "_IO_STACK_LOCATION", at, "CompletionRoutine");
    uint64_t driver = device ? debug_get(debug, "_DEVICE_OBJECT", device, "DriverObject") : 0;
    char name[300];

    fprintf(debug->out, "%c[%s(%lx), %lx]\n", index == current ? '>' : ' ',
            word_major((unsigned)major), major,
            debug_get(debug, "_IO_STACK_LOCATION", at, "MinorFunction"));
    fprintf(debug->out, "            %2lx %2lx %016lx %016lx ",
            debug_get(debug, "_IO_STACK_LOCATION", at, "Flags"), control, device,
            debug_get(debug, "_IO_STACK_LOCATION", at, "FileObject"));
    if (completion != 0) {
        debug_name(debug, completion, name, sizeof(name));
        fprintf(debug->out, "%s-%016lx  ", name,
                debug_get(debug, "_IO_STACK_LOCATION", at, "Context"));
        fprintf(debug->out, "%s%s%s", control & 0x40 ? "Success " : "",
                control & 0x80 ? "Error " : "", control & 0x20 ? "Cancel " : "");
    } else {
        fprintf(debug->out, "%016lx-%016lx  ", 0ul, 0ul);
    }
    fprintf(debug->out, "%s\n", control & 1 ? "pending" : "");
    if (driver != 0) {
        driver_name(debug, driver, name, sizeof(name));
        fprintf(debug->out, "            %s\n", name);
    }
    fprintf(debug->out, "            Args: %08lx %08lx %08lx %016lx\n",
            debug_get(debug, "_IO_STACK_LOCATION", at, "Parameters.Others.Argument1"),
            debug_get(debug, "_IO_STACK_LOCATION", at, "Parameters.Others.Argument2"),
            debug_get(debug, "_IO_STACK_LOCATION", at, "Parameters.Others.Argument3"),
            debug_get(debug, "_IO_STACK_LOCATION", at, "Parameters.Others.Argument4"));
}

void
command_irp(struct debug *debug, const struct arguments *arguments)
{
    uint64_t irp, count, current, thread, cancel;
    char name[300];

    if (!evaluate(debug, arguments, "!irp ADDRESS", &irp)) {
        return;
    }
    count = debug_get(debug, "_IRP", irp, "StackCount");
    current = debug_get(debug, "_IRP", irp, "CurrentLocation");
    if (debug_get(debug, "_IRP", irp, "Type") != 6 || (int64_t)count <= 0) {
        fprintf(debug->out, "%016lx is not an IRP (any more)\n", irp);
        return;
    }
    thread = debug_get(debug, "_IRP", irp, "Tail.Overlay.Thread");
    fprintf(debug->out, "Irp is active with %ld stacks %ld is current\n", (int64_t)count,
            (int64_t)current);
    fprintf(debug->out, " %s Mdl=%016lx: System buffer=%016lx: Thread %016lx:  %s\n",
            debug_get(debug, "_IRP", irp, "MdlAddress") ? "" : "No",
            debug_get(debug, "_IRP", irp, "MdlAddress"),
            debug_get(debug, "_IRP", irp, "AssociatedIrp.SystemBuffer"), thread,
            (int64_t)current > (int64_t)count ? "Irp is completed" : "Irp stack trace.");
    fprintf(debug->out, "  IoStatus %08lx, %lx  PendingReturned %lx  Cancel %lx",
            debug_get(debug, "_IRP", irp, "IoStatus.Status") & 0xFFFFFFFF,
            debug_get(debug, "_IRP", irp, "IoStatus.Information"),
            debug_get(debug, "_IRP", irp, "PendingReturned"),
            debug_get(debug, "_IRP", irp, "Cancel"));
    cancel = debug_get(debug, "_IRP", irp, "CancelRoutine");
    if (cancel != 0) {
        debug_name(debug, cancel, name, sizeof(name));
        fprintf(debug->out, "  CancelRoutine %s", name);
    }
    fprintf(debug->out, "\n     cmd  flg cl Device   File     Completion-Context\n");
    for (uint64_t i = 1; i <= count && i < 64; i++) {
        print_location(debug, irp, i, current);
    }
}

/* ---- devices, drivers ---- */

static void
print_device_line(struct debug *debug, uint64_t device, const char *mark)
{
    uint64_t driver = debug_get(debug, "_DEVICE_OBJECT", device, "DriverObject");
    char name[300], path[300];

    driver_name(debug, driver, name, sizeof(name));
    path_of(debug, device, path, sizeof(path), 0);
    fprintf(debug->out, "%s%016lx  %-24s %s\n", mark, device, name, path);
}

void
command_devobj(struct debug *debug, const struct arguments *arguments)
{
    uint64_t device, driver, attached, extension;
    char name[300], path[300];

    if (!evaluate(debug, arguments, "!devobj ADDRESS", &device)) {
        return;
    }
    if (!is_type(debug, device, "Device")) {
        fprintf(debug->out, "%016lx is not a device object\n", device);
        return;
    }
    driver = debug_get(debug, "_DEVICE_OBJECT", device, "DriverObject");
    driver_name(debug, driver, name, sizeof(name));
    path_of(debug, device, path, sizeof(path), 0);
    fprintf(debug->out, "Device object (%016lx) is for:\n %s %s DriverObject %016lx\n", device,
            path[0] ? path : "(no name)", name, driver);
    fprintf(debug->out, "Current Irp %016lx RefCount %ld Type %08lx Flags %08lx\n",
            debug_get(debug, "_DEVICE_OBJECT", device, "CurrentIrp"),
            (int64_t)debug_get(debug, "_DEVICE_OBJECT", device, "ReferenceCount"),
            debug_get(debug, "_DEVICE_OBJECT", device, "DeviceType"),
            debug_get(debug, "_DEVICE_OBJECT", device, "Flags"));
    fprintf(debug->out, "DevExt %016lx DevObjExt %016lx  StackSize %ld\n",
            debug_get(debug, "_DEVICE_OBJECT", device, "DeviceExtension"),
            debug_get(debug, "_DEVICE_OBJECT", device, "DeviceObjectExtension"),
            (int64_t)debug_get(debug, "_DEVICE_OBJECT", device, "StackSize"));
    fprintf(debug->out, "Characteristics (%#010lx)\n",
            debug_get(debug, "_DEVICE_OBJECT", device, "Characteristics"));
    attached = debug_get(debug, "_DEVICE_OBJECT", device, "AttachedDevice");
    if (attached != 0) {
        print_device_line(debug, attached, "AttachedDevice (Upper) ");
    }
    extension = debug_get(debug, "_DEVICE_OBJECT", device, "DeviceObjectExtension");
    attached = debug_get(debug, "_IOP_DEVICE_EXTENSION", extension, "AttachedTo");
    if (attached != 0) {
        print_device_line(debug, attached, "AttachedTo (Lower) ");
    }
    fprintf(debug->out, "Device queue is %sbusy.\n",
            debug_get(debug, "_DEVICE_OBJECT", device, "DeviceQueue.Busy") ? "" : "not ");
}

/* A driver object by name: \\Driver\\foo or foo, in the object manager's directories. */
static bool
find_driver(struct debug *debug, const char *word, uint64_t *driver)
{
    static const char prefix[] = "\\Driver\\";
    uint64_t head, directory = 0;

    if (strncasecmp(word, prefix, sizeof(prefix) - 1) == 0) {
        word += sizeof(prefix) - 1;
    }
    if (!debug_global(debug, "ObpRootDirectory", &head) || !debug_u64(debug, head, &directory)) {
        return false;
    }
    for (int level = 0; level < 2; level++) {
        const char *wanted = level == 0 ? "Driver" : word;
        uint64_t found = 0, buckets = 0;

        buckets = debug_sizeof(debug, "_OBP_DIRECTORY");
        for (uint64_t i = 0; i * 16 < buckets && i < 256 && found == 0; i++) {
            uint64_t bucket, link, entry;
            unsigned steps = 0;
            char field[32], name[200];

            snprintf(field, sizeof(field), "Bucket[%lu]", i);
            if (!debug_offset(debug, "_OBP_DIRECTORY", field, &bucket)) {
                break;
            }
            bucket += directory;
            link = bucket;
            while (
                debug_next(debug, bucket, &link, "_OBP_OBJECT", "DirectoryLinks", &entry, &steps)) {
                debug_string(debug, debug_address_of(debug, "_OBP_OBJECT", entry, "Name"), name,
                             sizeof(name));
                if (strcasecmp(name, wanted) == 0) {
                    found = entry + debug_sizeof(debug, "_OBP_OBJECT");
                    break;
                }
            }
        }
        if (found == 0) {
            return false;
        }
        directory = found;
    }
    *driver = directory;
    return true;
}

void
command_drvobj(struct debug *debug, const struct arguments *arguments)
{
    uint64_t driver, device, flags = 1, routine, extension;
    char name[300];

    if (arguments->count < 1) {
        fprintf(debug->out, "!drvobj ADDRESS|NAME [FLAGS]\n");
        return;
    }
    if (!find_driver(debug, arguments->word[0], &driver) &&
        !debug_evaluate(debug, arguments->word[0], &driver)) {
        return;
    }
    if (arguments->count > 1 && !debug_evaluate(debug, arguments->word[1], &flags)) {
        return;
    }
    if (!is_type(debug, driver, "Driver")) {
        fprintf(debug->out, "%016lx is not a driver object\n", driver);
        return;
    }
    driver_name(debug, driver, name, sizeof(name));
    fprintf(debug->out, "Driver object (%016lx) is for:\n %s\n\n", driver, name);
    if (flags & 1) {
        fprintf(debug->out, "Device Object list:\n");
        device = debug_get(debug, "_DRIVER_OBJECT", driver, "DeviceObject");
        for (int i = 0; device != 0 && i < MAX_DEVICES; i++) {
            print_device_line(debug, device, "");
            device = debug_get(debug, "_DEVICE_OBJECT", device, "NextDevice");
        }
        fputc('\n', debug->out);
    }
    if (!(flags & 2)) {
        return;
    }
    static const struct {
        const char *label, *field;
    } routines[] = {{"DriverEntry:  ", "DriverInit"},
                    {"DriverStartIo:", "DriverStartIo"},
                    {"DriverUnload: ", "DriverUnload"}};
    for (size_t i = 0; i < 3; i++) {
        routine = debug_get(debug, "_DRIVER_OBJECT", driver, routines[i].field);
        name[0] = 0;
        if (routine != 0) {
            debug_name(debug, routine, name, sizeof(name));
        }
        fprintf(debug->out, "%s   %016lx  %s\n", routines[i].label, routine, name);
    }
    extension = debug_get(debug, "_DRIVER_OBJECT", driver, "DriverExtension");
    routine = debug_get(debug, "_DRIVER_EXTENSION", extension, "AddDevice");
    name[0] = 0;
    if (routine != 0) {
        debug_name(debug, routine, name, sizeof(name));
    }
    fprintf(debug->out, "AddDevice:       %016lx  %s\n\nDispatch routines:\n", routine, name);
    for (unsigned i = 0; i < 28; i++) {
        char field[32];

        snprintf(field, sizeof(field), "MajorFunction[%u]", i);
        routine = debug_get(debug, "_DRIVER_OBJECT", driver, field);
        debug_name(debug, routine, name, sizeof(name));
        fprintf(debug->out, "[%02x] %-35s %s\n", i, word_major(i), name);
    }
}

/* ---- objects, handles ---- */

static void
print_object(struct debug *debug, uint64_t object)
{
    uint64_t header = header_of(debug, object);
    char type[64], path[300];

    type_of(debug, object, type, sizeof(type));
    path_of(debug, object, path, sizeof(path), 0);
    fprintf(debug->out, "Object: %016lx  Type: (%016lx) %s\n", object,
            debug_get(debug, "_OBP_OBJECT", header, "Type"), type);
    fprintf(debug->out, "    HandleCount: %ld  PointerCount: %ld\n",
            (int64_t)debug_get(debug, "_OBP_OBJECT", header, "Header.HandleCount"),
            (int64_t)debug_get(debug, "_OBP_OBJECT", header, "Header.PointerCount"));
    if (path[0] != 0) {
        fprintf(debug->out, "    Name: %s\n", path);
    }
    if (strcmp(type, "File") == 0) {
        debug_string(debug, debug_address_of(debug, "_FILE_OBJECT", object, "FileName"), path,
                     sizeof(path));
        fprintf(debug->out, "    File: %s  Device %016lx\n", path,
                debug_get(debug, "_FILE_OBJECT", object, "DeviceObject"));
    }
}

void
command_object(struct debug *debug, const struct arguments *arguments)
{
    uint64_t object;
    char type[64];

    if (!evaluate(debug, arguments, "!object ADDRESS", &object)) {
        return;
    }
    type_of(debug, object, type, sizeof(type));
    if (type[0] == 0) {
        fprintf(debug->out, "%016lx is not an object\n", object);
        return;
    }
    print_object(debug, object);
}

static void
print_handle(struct debug *debug, uint64_t handle, uint64_t entry, uint64_t object)
{
    fprintf(debug->out, "%04lx: Object: %016lx  GrantedAccess: %08lx\n", handle, object,
            debug_get(debug, "_OBP_ENTRY", entry, "Access"));
    print_object(debug, object);
    fputc('\n', debug->out);
}

/* The chunks of one part of a table; see nt/ob/table.c. */
static void
walk_part(struct debug *debug, uint64_t part, uint64_t wanted, unsigned *shown)
{
    uint64_t chunks = debug_get(debug, "_OBP_PART", part, "Chunks");
    uint64_t array = debug_get(debug, "_OBP_PART", part, "Chunk");
    uint64_t base = debug_get(debug, "_OBP_PART", part, "Base");
    uint64_t size = debug_sizeof(debug, "_OBP_ENTRY"), chunk;
    const uint64_t in_chunk = 128; /* OBP_CHUNK of nt/ob/table.c: a number, not a type */

    for (uint64_t i = 0; i / in_chunk < chunks && chunks < 4096 && *shown < DEBUG_MAX_LIST; i++) {
        uint64_t entry, object, handle = (base + i) * 4;

        if (!debug_u64(debug, array + i / in_chunk * 8, &chunk) || chunk == 0) {
            i = (i / in_chunk + 1) * in_chunk - 1;
            continue;
        }
        entry = chunk + i % in_chunk * size;
        object = debug_get(debug, "_OBP_ENTRY", entry, "Object");
        if (object != 0 && (wanted == 0 || wanted == handle)) {
            print_handle(debug, handle, entry, object);
            ++*shown;
        }
    }
}

/* !handle [HANDLE [FLAGS [PROCESS]]]; HANDLE 0 is all of them. */
void
command_handle(struct debug *debug, const struct arguments *arguments)
{
    uint64_t wanted = 0, flags, process = 0, table;
    unsigned shown = 0;
    char name[32];

    if (debug->thread != 0) {
        process = debug_get(debug, "_KTHREAD", debug->thread, "ApcState.Process");
    }
    if ((arguments->count > 0 && !debug_evaluate(debug, arguments->word[0], &wanted)) ||
        (arguments->count > 1 && !debug_evaluate(debug, arguments->word[1], &flags)) ||
        (arguments->count > 2 && !debug_evaluate(debug, arguments->word[2], &process))) {
        return;
    }
    if (arguments->count > 2) {
        process = debug_process(debug, process);
    }
    table = process ? debug_get(debug, "_EPROCESS", process, "HandleTable") : 0;
    if (table == 0) {
        fprintf(debug->out, "no such process\n");
        return;
    }
    debug_process_name(debug, process, name, sizeof(name));
    fprintf(debug->out,
            "PROCESS %016lx  Image: %s\n\nHandle table at %016lx with %lu entries in use\n\n",
            process, name, table, debug_get(debug, "_OBP_TABLE", table, "Handles"));
    for (unsigned i = 0; i < 64; i++) {
        char field[32];
        uint64_t part;

        snprintf(field, sizeof(field), "Part[%u]", i);
        if (!debug_field(debug, "_OBP_TABLE", table, field, &part)) {
            break;
        }
        for (int j = 0; part != 0 && j < 4096; j++) {
            walk_part(debug, part, wanted, &shown);
            part = debug_get(debug, "_OBP_PART", part, "Next");
        }
    }
    if (shown == 0 && wanted != 0) {
        fprintf(debug->out, "%04lx: no such handle\n", wanted);
    }
}
