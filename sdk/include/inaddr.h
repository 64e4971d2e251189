/*
 * inaddr.h - addresses are wsk.h's.
 */
#include <wsk.h>
