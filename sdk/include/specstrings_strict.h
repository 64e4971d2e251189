/*
 * specstrings_strict.h - annotations are ntlab-sal.h's, and always there.
 */
