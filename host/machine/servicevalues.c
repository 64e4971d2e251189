/*
 * servicevalues.c - the names of what a system service's 32-bit parameters say, by the parameter's name.
 *
 * Source of the values: the documentation of each routine and ntifs.h's public definitions.
 */
#include <stdio.h>
#include <string.h>
#include "host/machine/services.h"

struct value {
    uint32_t value;
    const char *name;
};

static const struct value protections[] = {
    {0x01, "PAGE_NOACCESS"},          {0x02, "PAGE_READONLY"},          {0x04, "PAGE_READWRITE"},
    {0x08, "PAGE_WRITECOPY"},         {0x10, "PAGE_EXECUTE"},           {0x20, "PAGE_EXECUTE_READ"},
    {0x40, "PAGE_EXECUTE_READWRITE"}, {0x80, "PAGE_EXECUTE_WRITECOPY"}, {0x100, "PAGE_GUARD"},
    {0x200, "PAGE_NOCACHE"},          {0x400, "PAGE_WRITECOMBINE"},     {0, NULL},
};

static const struct value allocations[] = {
    {0x1000, "MEM_COMMIT"},     {0x2000, "MEM_RESERVE"},
    {0x4000, "MEM_DECOMMIT"},   {0x8000, "MEM_RELEASE"},
    {0x80000, "MEM_RESET"},     {0x100000, "MEM_TOP_DOWN"},
    {0x400000, "MEM_PHYSICAL"}, {0, NULL},
};

static const struct value sections[] = {
    {0x00800000, "SEC_FILE"},   {0x01000000, "SEC_IMAGE"},   {0x04000000, "SEC_RESERVE"},
    {0x08000000, "SEC_COMMIT"}, {0x10000000, "SEC_NOCACHE"}, {0, NULL},
};

static const struct value shares[] = {
    {1, "FILE_SHARE_READ"},
    {2, "FILE_SHARE_WRITE"},
    {4, "FILE_SHARE_DELETE"},
    {0, NULL},
};

static const struct value create_options[] = {
    {0x00000001, "FILE_DIRECTORY_FILE"},       {0x00000002, "FILE_WRITE_THROUGH"},
    {0x00000004, "FILE_SEQUENTIAL_ONLY"},      {0x00000008, "FILE_NO_INTERMEDIATE_BUFFERING"},
    {0x00000010, "FILE_SYNCHRONOUS_IO_ALERT"}, {0x00000020, "FILE_SYNCHRONOUS_IO_NONALERT"},
    {0x00000040, "FILE_NON_DIRECTORY_FILE"},   {0x00000080, "FILE_CREATE_TREE_CONNECTION"},
    {0x00000100, "FILE_COMPLETE_IF_OPLOCKED"}, {0x00000200, "FILE_NO_EA_KNOWLEDGE"},
    {0x00000800, "FILE_RANDOM_ACCESS"},        {0x00001000, "FILE_DELETE_ON_CLOSE"},
    {0x00002000, "FILE_OPEN_BY_FILE_ID"},      {0x00004000, "FILE_OPEN_FOR_BACKUP_INTENT"},
    {0x00008000, "FILE_NO_COMPRESSION"},       {0x00010000, "FILE_OPEN_REQUIRING_OPLOCK"},
    {0x00100000, "FILE_RESERVE_OPFILTER"},     {0x00200000, "FILE_OPEN_REPARSE_POINT"},
    {0x00400000, "FILE_OPEN_NO_RECALL"},       {0, NULL},
};

static const struct value attributes[] = {
    {0x0001, "FILE_ATTRIBUTE_READONLY"},  {0x0002, "FILE_ATTRIBUTE_HIDDEN"},
    {0x0004, "FILE_ATTRIBUTE_SYSTEM"},    {0x0010, "FILE_ATTRIBUTE_DIRECTORY"},
    {0x0020, "FILE_ATTRIBUTE_ARCHIVE"},   {0x0080, "FILE_ATTRIBUTE_NORMAL"},
    {0x0100, "FILE_ATTRIBUTE_TEMPORARY"}, {0, NULL},
};

static const struct value changes[] = {
    {0x001, "FILE_NOTIFY_CHANGE_FILE_NAME"},  {0x002, "FILE_NOTIFY_CHANGE_DIR_NAME"},
    {0x004, "FILE_NOTIFY_CHANGE_ATTRIBUTES"}, {0x008, "FILE_NOTIFY_CHANGE_SIZE"},
    {0x010, "FILE_NOTIFY_CHANGE_LAST_WRITE"}, {0x020, "FILE_NOTIFY_CHANGE_LAST_ACCESS"},
    {0x040, "FILE_NOTIFY_CHANGE_CREATION"},   {0x080, "FILE_NOTIFY_CHANGE_EA"},
    {0x100, "FILE_NOTIFY_CHANGE_SECURITY"},   {0, NULL},
};

static const struct value duplications[] = {
    {1, "DUPLICATE_CLOSE_SOURCE"},
    {2, "DUPLICATE_SAME_ACCESS"},
    {4, "DUPLICATE_SAME_ATTRIBUTES"},
    {0, NULL},
};

static const struct value dispositions[] = {
    {0, "FILE_SUPERSEDE"}, {1, "FILE_OPEN"},         {2, "FILE_CREATE"}, {3, "FILE_OPEN_IF"},
    {4, "FILE_OVERWRITE"}, {5, "FILE_OVERWRITE_IF"}, {0, NULL},
};

static const struct value events[] = {
    {0, "NotificationEvent"},
    {1, "SynchronizationEvent"},
    {0, NULL},
};

static const struct value timers[] = {
    {0, "NotificationTimer"},
    {1, "SynchronizationTimer"},
    {0, NULL},
};

static const struct value inheritance[] = {
    {1, "ViewShare"},
    {2, "ViewUnmap"},
    {0, NULL},
};

static const struct {
    const char *service, *parameter; /* service: how its name begins */
    const struct value *values;
    bool flags; /* may be combined */
} tables[] = {
    {"Nt", "Protect", protections, true},
    {"Nt", "NewProtect", protections, true},
    {"Nt", "OldProtect", protections, true},
    {"Nt", "SectionPageProtection", protections, true},
    {"Nt", "AllocationAttributes", sections, true},
    {"Nt", "AllocationType", allocations, true},
    {"Nt", "FreeType", allocations, true},
    {"Nt", "ShareAccess", shares, true},
    {"Nt", "FileAttributes", attributes, true},
    {"NtCreateFile", "CreateOptions", create_options, true},
    {"NtCreateNamedPipeFile", "CreateOptions", create_options, true},
    {"NtCreateMailslotFile", "CreateOptions", create_options, true},
    {"NtOpenFile", "OpenOptions", create_options, true},
    {"Nt", "CompletionFilter", changes, true},
    {"NtDuplicateObject", "Options", duplications, true},
    {"Nt", "CreateDisposition", dispositions, false},
    {"Nt", "EventType", events, false},
    {"Nt", "TimerType", timers, false},
    {"Nt", "InheritDisposition", inheritance, false},
};

/* Bits that have no name follow as a number. */
static void
put_flags(const struct value *values, uint32_t value, char *out, size_t size)
{
    size_t used = 0;

    for (; values->name != NULL; values++) {
        if ((value & values->value) != 0) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used != 0 ? "|" : "",
                                     values->name);
            value &= ~values->value;
            if (used >= size) {
                return;
            }
        }
    }
    if (value != 0 || used == 0) {
        snprintf(out + used, size - used, used != 0 ? "|0x%x" : value != 0 ? "0x%x" : "0", value);
    }
}

bool
service_value(const char *service, const char *parameter, uint32_t value, char *out, size_t size)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (strcmp(tables[i].parameter, parameter) != 0 ||
            strncmp(tables[i].service, service, strlen(tables[i].service)) != 0) {
            continue;
        }
        if (tables[i].flags) {
            put_flags(tables[i].values, value, out, size);
            return true;
        }
        for (const struct value *one = tables[i].values; one->name != NULL; one++) {
            if (one->value == value) {
                snprintf(out, size, "%s", one->name);
                return true;
            }
        }
    }
    return false;
}
