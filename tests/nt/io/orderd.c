/* orderd.c - see order.c. */
#define LETTER L'd'
#include "ordered.h"
