/* orderb.c - see order.c. */
#define LETTER L'b'
#include "ordered.h"
