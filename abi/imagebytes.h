/*
 * imagebytes.h - hc_image_load of an image whose bytes the guest has: what a client has written or copied, or what a filter
 * has made of it.
 *
 *   ABI_IMAGE_BYTES   `out` says where they are when the call is made: base, and size in bytes, of system memory. The name
 *                     is what the image is called. The host keeps none of them. If they are those of one of its own files, the image
 *                     counts as that one, for symbols and for what is known of it.
 *   ABI_IMAGE_ASKS    system images: one that imports from an image that is not loaded is ABI_IMAGE_NEEDS even if the host has no
 *                     such file; the kernel may.
 */
#ifndef ABI_IMAGEBYTES_H
#define ABI_IMAGEBYTES_H

#define ABI_IMAGE_BYTES 4
#define ABI_IMAGE_ASKS  8

#endif
