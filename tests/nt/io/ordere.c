/* ordere.c - see order.c. */
#define LETTER L'e'
#include "ordered.h"
