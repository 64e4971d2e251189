/*
 * viewmodel.c - two views of a file, one that writes to it and one that copies: pages are read, written, protected and guarded at random, against a model of each page.
 * A view that copies shows the file until it is written to. A guard page raises once; what the protection forbids raises each time.
 * [DDI:wdm/zwmapviewofsection], [LEARN: memoryapi/virtualprotect: PAGE_GUARD, PAGE_WRITECOPY], [LEARN: Creating Guard Pages]
 */
#include "../ntlab-test.h"

#define SEED 5150
#include "../draw.h"

NTSYSAPI NTSTATUS NTAPI ZwProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);

#define PAGES 6
#define STEPS 900

enum { SHARED, COPIED, VIEWS };

static PUCHAR View[VIEWS];
static UCHAR File[PAGES], Own[PAGES]; /* the first byte of each page; of the copy */
static BOOLEAN IsOwn[PAGES], Guard[VIEWS][PAGES];
static ULONG Protection[VIEWS][PAGES];
static ULONG Wrong[4];

static NTSTATUS
Touch(ULONG Which, ULONG Page, BOOLEAN Write, PUCHAR Value)
{
    __try {
        volatile UCHAR *At = View[Which] + Page * PAGE_SIZE;

        if (Write) {
            *At = *Value;
        } else {
            *Value = *At;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

/* What the page must answer. */
static NTSTATUS
Touches(ULONG Which, ULONG Page, BOOLEAN Write, PUCHAR Value)
{
    ULONG Allowed = Protection[Which][Page];

    if (Guard[Which][Page]) {
        Guard[Which][Page] = FALSE;
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    if (Allowed == PAGE_NOACCESS || (Write && Allowed == PAGE_READONLY)) {
        return STATUS_ACCESS_VIOLATION;
    }
    if (!Write) {
        *Value = Which == COPIED && IsOwn[Page] ? Own[Page] : File[Page];
    } else if (Which == COPIED) {
        IsOwn[Page] = TRUE;
        Own[Page] = *Value;
    } else {
        File[Page] = *Value;
    }
    return STATUS_SUCCESS;
}

static VOID
Protect(ULONG Which, ULONG Page, ULONG Count)
{
    const ULONG Kinds[] = {PAGE_NOACCESS, PAGE_READONLY,
                           Which == COPIED ? PAGE_WRITECOPY : PAGE_READWRITE};
    ULONG Kind = Kinds[Any(5) % 3], Former = 0;
    BOOLEAN Guards = Kind != PAGE_NOACCESS && Any(3) == 0;
    PVOID At = View[Which] + Page * PAGE_SIZE;
    SIZE_T Size = Count * PAGE_SIZE;

    if (ZwProtectVirtualMemory(NtCurrentProcess(), &At, &Size, Kind | (Guards ? PAGE_GUARD : 0),
                               &Former) != STATUS_SUCCESS) {
        Wrong[0]++;
    }
    if (Which == SHARED &&
        Former != (Protection[Which][Page] | (Guard[Which][Page] ? PAGE_GUARD : 0))) {
        Wrong[1]++;
    }
    for (ULONG i = Page; i < Page + Count; i++) {
        Protection[Which][i] = Kind;
        Guard[Which][i] = Guards;
    }
}

static HANDLE
OpenSection(PHANDLE FileHandle)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\DosDevices\\C:\\viewmodel.bin");
    static UCHAR Zeros[PAGES * PAGE_SIZE];
    OBJECT_ATTRIBUTES Name;
    IO_STATUS_BLOCK Iosb;
    HANDLE Section = NULL;

    InitializeObjectAttributes(&Name, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    EXPECT_STATUS(ZwCreateFile(FileHandle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Name, &Iosb,
                               NULL, 0, 0, FILE_OVERWRITE_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL,
                               0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwWriteFile(*FileHandle, NULL, NULL, NULL, &Iosb, Zeros, sizeof(Zeros), NULL, NULL),
        STATUS_SUCCESS);
    InitializeObjectAttributes(&Name, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwCreateSection(&Section, SECTION_ALL_ACCESS, &Name, NULL, PAGE_READWRITE,
                                  SEC_COMMIT, *FileHandle),
                  STATUS_SUCCESS);
    return Section;
}

static VOID
Steps(VOID)
{
    HANDLE FileHandle, Section = OpenSection(&FileHandle);

    for (ULONG i = 0; i < VIEWS; i++) {
        SIZE_T Size = 0;
        PVOID Base = NULL;

        EXPECT_STATUS(ZwMapViewOfSection(Section, NtCurrentProcess(), &Base, 0, 0, NULL, &Size,
                                         ViewUnmap, 0,
                                         i == COPIED ? PAGE_WRITECOPY : PAGE_READWRITE),
                      STATUS_SUCCESS);
        View[i] = Base;
        for (ULONG Page = 0; Page < PAGES; Page++) {
            Protection[i][Page] = i == COPIED ? PAGE_WRITECOPY : PAGE_READWRITE;
        }
    }
    for (ULONG Step = 0; Step < STEPS; Step++) {
        ULONG Which = Any(VIEWS), Page = Any(PAGES);
        BOOLEAN Write = Any(3) == 0;
        UCHAR Seen = (UCHAR)(1 + Any(250)), Wanted = Seen;

        if (Any(5) == 0) {
            Protect(Which, Page, 1 + Any(PAGES - Page));
            continue;
        }
        if (Touch(Which, Page, Write, &Seen) != Touches(Which, Page, Write, &Wanted)) {
            Wrong[2]++;
        } else if (Seen != Wanted) {
            Wrong[3]++;
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
    for (ULONG i = 0; i < VIEWS; i++) {
        EXPECT_STATUS(ZwUnmapViewOfSection(NtCurrentProcess(), View[i]), STATUS_SUCCESS);
    }
    ZwClose(Section);
    for (ULONG Page = 0; Page < PAGES; Page++) { /* what was copied has not come to the file */
        LARGE_INTEGER Offset = {.QuadPart = Page * PAGE_SIZE};
        IO_STATUS_BLOCK Iosb;
        UCHAR Byte = 0xEE;

        EXPECT_STATUS(ZwReadFile(FileHandle, NULL, NULL, NULL, &Iosb, &Byte, 1, &Offset, NULL),
                      STATUS_SUCCESS);
        EXPECT_EQ(Byte, File[Page]);
    }
    ZwClose(FileHandle);
}

TEST_DRIVER(TEST(Steps))
