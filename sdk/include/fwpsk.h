/*
 * fwpsk.h - not there: ntlab has no network.
 */
#error                                                                                             \
    "ntlab has no network (fwpsk.h): drivers that use the Windows Filtering Platform do not build."
