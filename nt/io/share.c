/*
 * share.c - who may open a file together with whom.
 *
 * A SHARE_ACCESS counts the opens of one file that ask for data or delete access and how many of them
 * share what. The file system keeps it and serialises its use. [wdm: IoCheckShareAccess; nt-semantics-2 4.2]
 */
#include "nt/io/iop.h"

static VOID
IopNoteAccess(PFILE_OBJECT FileObject, ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess)
{
    FileObject->ReadAccess = (DesiredAccess & (FILE_EXECUTE | FILE_READ_DATA)) != 0;
    FileObject->WriteAccess = (DesiredAccess & (FILE_APPEND_DATA | FILE_WRITE_DATA)) != 0;
    FileObject->DeleteAccess = (DesiredAccess & DELETE) != 0;
    if (FileObject->ReadAccess || FileObject->WriteAccess || FileObject->DeleteAccess) {
        FileObject->SharedRead = (DesiredShareAccess & FILE_SHARE_READ) != 0;
        FileObject->SharedWrite = (DesiredShareAccess & FILE_SHARE_WRITE) != 0;
        FileObject->SharedDelete = (DesiredShareAccess & FILE_SHARE_DELETE) != 0;
    }
}

static BOOLEAN
IopCounts(PFILE_OBJECT FileObject)
{
    return (FileObject->ReadAccess || FileObject->WriteAccess || FileObject->DeleteAccess) &&
           !IopFile(FileObject)->IgnoreSharing;
}

static VOID
IopAddShare(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess, LONG By)
{
    ShareAccess->OpenCount += By;
    ShareAccess->Readers += FileObject->ReadAccess ? By : 0;
    ShareAccess->Writers += FileObject->WriteAccess ? By : 0;
    ShareAccess->Deleters += FileObject->DeleteAccess ? By : 0;
    ShareAccess->SharedRead += FileObject->SharedRead ? By : 0;
    ShareAccess->SharedWrite += FileObject->SharedWrite ? By : 0;
    ShareAccess->SharedDelete += FileObject->SharedDelete ? By : 0;
}

NTSTATUS NTAPI
IoCheckShareAccess(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                   PSHARE_ACCESS ShareAccess, BOOLEAN Update)
{
    IopNoteAccess(FileObject, DesiredAccess, DesiredShareAccess);
    if (!IopCounts(FileObject)) {
        return STATUS_SUCCESS;
    }
    if ((FileObject->ReadAccess && ShareAccess->SharedRead < ShareAccess->OpenCount) ||
        (FileObject->WriteAccess && ShareAccess->SharedWrite < ShareAccess->OpenCount) ||
        (FileObject->DeleteAccess && ShareAccess->SharedDelete < ShareAccess->OpenCount) ||
        (ShareAccess->Readers != 0 && !FileObject->SharedRead) ||
        (ShareAccess->Writers != 0 && !FileObject->SharedWrite) ||
        (ShareAccess->Deleters != 0 && !FileObject->SharedDelete)) {
        return STATUS_SHARING_VIOLATION;
    }
    if (Update) {
        IopAddShare(FileObject, ShareAccess, 1);
    }
    return STATUS_SUCCESS;
}

/* WritePermission FALSE: an open without write access counts as sharing write. */
NTSTATUS NTAPI
IoCheckShareAccessEx(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                     PSHARE_ACCESS ShareAccess, BOOLEAN Update, PBOOLEAN WritePermission)
{
    if (WritePermission != NULL && !*WritePermission) {
        DesiredShareAccess |= FILE_SHARE_WRITE;
    }
    return IoCheckShareAccess(DesiredAccess, DesiredShareAccess, FileObject, ShareAccess, Update);
}

VOID NTAPI
IoSetShareAccess(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                 PSHARE_ACCESS ShareAccess)
{
    IopNoteAccess(FileObject, DesiredAccess, DesiredShareAccess);
    RtlZeroMemory(ShareAccess, sizeof(*ShareAccess));
    if (IopCounts(FileObject)) {
        IopAddShare(FileObject, ShareAccess, 1);
    }
}

VOID NTAPI
IoSetShareAccessEx(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                   PSHARE_ACCESS ShareAccess, PBOOLEAN WritePermission)
{
    if (WritePermission != NULL && !*WritePermission) {
        DesiredShareAccess |= FILE_SHARE_WRITE;
    }
    IoSetShareAccess(DesiredAccess, DesiredShareAccess, FileObject, ShareAccess);
}

VOID NTAPI
IoRemoveShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess)
{
    if (IopCounts(FileObject)) {
        IopAddShare(FileObject, ShareAccess, -1);
    }
}

VOID NTAPI
IoUpdateShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess)
{
    if (IopCounts(FileObject)) {
        IopAddShare(FileObject, ShareAccess, 1);
    }
}

NTSTATUS NTAPI
IoSetFileObjectIgnoreSharing(PFILE_OBJECT FileObject)
{
    IopFile(FileObject)->IgnoreSharing = TRUE;
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
IoIsFileObjectIgnoringSharing(PFILE_OBJECT FileObject)
{
    return IopFile(FileObject)->IgnoreSharing;
}
