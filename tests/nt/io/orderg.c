/* orderg.c - see order.c. */
#define LETTER L'g'
#include "ordered.h"
