/*
 * find.h - what FindClose looks at, whatever was being enumerated (find.c, streams.c).
 */
#ifndef USER_KERNEL32_FIND_H
#define USER_KERNEL32_FIND_H

#define FIND_MAGIC 0x46696E64

typedef struct _BASE_FIND_HEAD {
    ULONG Magic; /* FIND_MAGIC */
    ULONG Next;  /* offset of the entry to give next */
    HANDLE Folder;
} BASE_FIND_HEAD;

#endif
