/*
 * dontuse.h - marks routines that drivers should not call; a compiler without these marks needs none of it.
 */
#ifndef _DONTUSE_H_
#define _DONTUSE_H_
#endif
