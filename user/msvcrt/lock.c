/*
 * lock.c - the run time's numbered locks, and the lock of a stream.
 *
 * Locks 16 to 35 are those of the streams _iob[0] to _iob[19]: code linked into clients locks a
 * stream of _iob by _lock(16 + index) and any other by the critical section behind its FILE.
 *
 * A stream without a buffer (a console, stderr) gets one for as long as its outermost lock is held,
 * so that one printf is one WriteFile, also when the printf is the client's own and locks around
 * many fputc.
 */
#include "crt.h"
#include "crtdata.h"

void
CrtInitLocks(void)
{
    int i;

    for (i = 0; i < CRT_LOCKS; i++) {
        InitializeCriticalSection(&CrtLocks[i]);
    }
}

void
_lock(int Number)
{
    EnterCriticalSection(&CrtLocks[Number]);
    if (Number >= CRT_LOCK_STREAM) {
        CrtIobSide[Number - CRT_LOCK_STREAM].Depth++;
    }
}

void
_unlock(int Number)
{
    if (Number >= CRT_LOCK_STREAM) {
        int i = Number - CRT_LOCK_STREAM;

        if (--CrtIobSide[i].Depth == 0 && (_iob[i]._flag & _IOTRANSIENT) != 0) {
            CrtStreamReleased(&_iob[i]);
        }
    }
    LeaveCriticalSection(&CrtLocks[Number]);
}

static int
IsIob(const FILE *File)
{
    return File >= _iob && File < _iob + CRT_IOB;
}

int *
CrtDepth(FILE *File)
{
    return IsIob(File) ? &CrtIobSide[File - _iob].Depth : &((PCRT_STREAM)File)->Depth;
}

__int64 *
CrtFillStart(FILE *File)
{
    return IsIob(File) ? &CrtIobSide[File - _iob].FillStart : &((PCRT_STREAM)File)->FillStart;
}

void
CrtLockStream(FILE *File)
{
    if (IsIob(File)) {
        _lock(CRT_LOCK_STREAM + (int)(File - _iob));
    } else {
        EnterCriticalSection(&((PCRT_STREAM)File)->Lock);
        ((PCRT_STREAM)File)->Depth++;
    }
}

void
CrtUnlockStream(FILE *File)
{
    if (IsIob(File)) {
        _unlock(CRT_LOCK_STREAM + (int)(File - _iob));
    } else {
        if (--((PCRT_STREAM)File)->Depth == 0 && (File->_flag & _IOTRANSIENT) != 0) {
            CrtStreamReleased(File);
        }
        LeaveCriticalSection(&((PCRT_STREAM)File)->Lock);
    }
}

void
_lock_file(FILE *File)
{
    CrtLockStream(File);
}

void
_unlock_file(FILE *File)
{
    CrtUnlockStream(File);
}
