/* ordera.c - see order.c. */
#define LETTER L'a'
#include "ordered.h"
