/*
 * intsafe.h - in a driver, ntintsafe.h.
 */
#include <ntintsafe.h>
