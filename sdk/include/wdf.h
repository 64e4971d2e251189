/*
 * wdf.h - not there: ntlab has no KMDF.
 */
#error                                                                                             \
    "ntlab has no KMDF (wdf.h): drivers of the Windows Driver Framework do not build. WDM drivers and minifilters do."
