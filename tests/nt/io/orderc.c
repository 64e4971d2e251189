/* orderc.c - see order.c. */
#define LETTER L'c'
#include "ordered.h"
