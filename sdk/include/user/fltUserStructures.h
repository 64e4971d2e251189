/* fltUserStructures.h - for programs. */
#include "../fltUserStructures.h"
