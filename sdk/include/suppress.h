/*
 * suppress.h - numbers of the static checker's warnings, for its suppressions: nothing that code depends on.
 */
#ifndef _SUPPRESS_H_
#define _SUPPRESS_H_
#endif
