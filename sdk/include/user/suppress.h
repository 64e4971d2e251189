/* suppress.h - for programs. */
#include "../suppress.h"
