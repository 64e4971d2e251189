/*
 * in6addr.h - addresses are wsk.h's.
 */
#include <wsk.h>
