/*
 * ndis.h - not there: ntlab has no network.
 */
#error "ntlab has no network (ndis.h): drivers that use NDIS do not build."
