/*
 * ntlab-fltioctl.h - what fltlib.dll asks the filter manager's two devices.
 *
 * Codes 1, 2, 6, 7 and 8 and the layouts of load, send, get and reply are Windows' (public: phnt's ntioapi.h);
 * attaching and enumerating have a form of our own.
 */
#ifndef NTLAB_FLTIOCTL_H
#define NTLAB_FLTIOCTL_H

#define FLTP_CTL(Function, Method, Access)                                                         \
    ((8 << 16) | ((Access) << 14) | ((Function) << 2) | (Method))
#define IOCTL_FLT_LOAD          FLTP_CTL(1, 0, 2)
#define IOCTL_FLT_UNLOAD        FLTP_CTL(2, 0, 2)
#define IOCTL_FLT_ATTACH        FLTP_CTL(4, 0, 2)
#define IOCTL_FLT_DETACH        FLTP_CTL(5, 0, 2)
#define IOCTL_FLT_SEND_MESSAGE  FLTP_CTL(6, 3, 2)
#define IOCTL_FLT_GET_MESSAGE   FLTP_CTL(7, 3, 1)
#define IOCTL_FLT_REPLY_MESSAGE FLTP_CTL(8, 3, 2)
#define IOCTL_FLT_FIND          FLTP_CTL(9, 0, 1)

typedef struct _FLTP_LOAD {
    USHORT NameSize; /* bytes */
    WCHAR Name[1];
} FLTP_LOAD, *PFLTP_LOAD;

#define FLTP_NAME_CHARS 260

/* Attach and detach; what comes back of an attach is the instance's name. */
typedef struct _FLTP_ATTACH {
    WCHAR Filter[FLTP_NAME_CHARS];
    WCHAR Volume[FLTP_NAME_CHARS];
    WCHAR Instance[FLTP_NAME_CHARS]; /* empty: the default one */
    WCHAR Altitude[FLTP_NAME_CHARS]; /* empty: the registry's */
} FLTP_ATTACH, *PFLTP_ATTACH;

enum { FltpFindFilters, FltpFindVolumes, FltpFindInstancesOfFilter, FltpFindInstancesOfVolume };

/* The Index-th of a kind, in a structure of the public information classes. */
typedef struct _FLTP_FIND {
    ULONG Kind;
    ULONG Index;
    ULONG Class;
    WCHAR Name[FLTP_NAME_CHARS]; /* of the filter or volume whose instances are asked for */
} FLTP_FIND, *PFLTP_FIND;

#endif
