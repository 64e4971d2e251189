/* dontuse.h - for programs. */
#include "../dontuse.h"
