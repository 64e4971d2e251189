/* orderf.c - see order.c. */
#define LETTER L'f'
#include "ordered.h"
